using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Waybill.Engine.Operating.Credentials;
using Waybill.Engine.Operating.People;

namespace Waybill.Storage.Sqlite.Control;

/// <summary>People by ASP.NET Core Identity; each call has a unit of work of its own.</summary>
internal sealed class People(IServiceScopeFactory scopes) : IPeople, IDisposable
{
    // Two first starts at once must not make two administrators.
    private readonly SemaphoreSlim _first = new(1, 1);

    public static void Configure(IdentityOptions options)
    {
        options.User.RequireUniqueEmail = true;
        // Addresses name people, and local-parts may hold any letter.
        options.User.AllowedUserNameCharacters = "";

        // NIST SP 800-63B §3.1.1.2: length counts, prescribed mixtures do not.
        options.Password.RequiredLength = 12;
        options.Password.RequireDigit = false;
        options.Password.RequireLowercase = false;
        options.Password.RequireUppercase = false;
        options.Password.RequireNonAlphanumeric = false;

        options.Lockout.MaxFailedAccessAttempts = 8;
        options.Lockout.DefaultLockoutTimeSpan = TimeSpan.FromMinutes(5);
    }

    public async Task<PersonLogin?> EnsureFirstAdministratorAsync(string email, CancellationToken cancellationToken)
    {
        await _first.WaitAsync(cancellationToken);
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            var people = scope.ServiceProvider.GetRequiredService<UserManager<Person>>();
            return await people.Users.AnyAsync(cancellationToken) ? null : await AddAsync(people, email);
        }
        finally
        {
            _first.Release();
        }
    }

    public async Task<PersonLogin> ResetAsync(string email, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var people = scope.ServiceProvider.GetRequiredService<UserManager<Person>>();
        if (await people.FindByEmailAsync(email) is not { } person)
        {
            return await AddAsync(people, email);
        }

        var password = GeneratedPassword.Next();
        person.PasswordHash = people.PasswordHasher.HashPassword(person, password);
        person.LockoutEnd = null;
        person.AccessFailedCount = 0;
        // Writes the person too, and makes every cookie given for the old password worthless.
        Demand(await people.UpdateSecurityStampAsync(person));
        return new PersonLogin(person.Email!, password);
    }

    public async Task<IReadOnlyList<PersonSummary>> ListAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var people = scope.ServiceProvider.GetRequiredService<UserManager<Person>>();
        var all = await people.Users.OrderBy(person => person.Email).ToListAsync(cancellationToken);
        return [.. all.Select(person => new PersonSummary(person.Email ?? "", person.LockoutEnd))];
    }

    public async Task<bool> RemoveAsync(string email, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var people = scope.ServiceProvider.GetRequiredService<UserManager<Person>>();
        if (await people.FindByEmailAsync(email) is not { } person)
        {
            return false;
        }

        Demand(await people.DeleteAsync(person));
        return true;
    }

    public void Dispose() => _first.Dispose();

    private static async Task<PersonLogin> AddAsync(UserManager<Person> people, string email)
    {
        var password = GeneratedPassword.Next();
        Demand(await people.CreateAsync(new Person { Id = Guid.CreateVersion7(), UserName = email, Email = email }, password));
        return new PersonLogin(email, password);
    }

    private static void Demand(IdentityResult result)
    {
        if (!result.Succeeded)
        {
            throw new ArgumentException(string.Join(' ', result.Errors.Select(error => error.Description)));
        }
    }
}
