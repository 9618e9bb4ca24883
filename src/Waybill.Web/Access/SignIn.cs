using Microsoft.AspNetCore.Identity;
using Waybill.Engine.Operating.People;

namespace Waybill.Web.Access;

/// <summary>Opens the door, or does not: one answer and one duration for every reason why not.</summary>
internal sealed class SignIn(SignInManager<Person> door, UserManager<Person> people)
{
    private static readonly Person Nobody = new() { UserName = "nobody" };

    // Made once a process, with the same work factor as everybody's.
    private static string? _nobodysHash;

    public async Task<bool> TryAsync(string email, string password)
    {
        if (await people.FindByEmailAsync(email) is { } person && !await people.IsLockedOutAsync(person))
        {
            return (await door.PasswordSignInAsync(person, password, isPersistent: true, lockoutOnFailure: true)).Succeeded;
        }

        _nobodysHash ??= people.PasswordHasher.HashPassword(Nobody, "nobody's password");
        people.PasswordHasher.VerifyHashedPassword(Nobody, _nobodysHash, password);
        return false;
    }

    /// <summary>Where to go after the door: only places of this house.</summary>
    public static string SafeReturn(string? url) =>
        url is ['/', ..] and not ['/', '/' or '\\', ..] && !url.Any(char.IsControl) ? url : "/";
}
