namespace Waybill.Engine.Operating.People;

/// <summary>Somebody who may sign in.</summary>
/// <param name="LockedUntil">Set while too many wrong passwords keep the door shut.</param>
public sealed record PersonSummary(string Email, DateTimeOffset? LockedUntil);

/// <summary>A login as it is told once: the password is kept only as a hash.</summary>
public sealed record PersonLogin(string Email, string Password);

/// <summary>The people of the pages. Each call stands alone and may come from any thread.</summary>
public interface IPeople
{
    /// <summary>Makes the first administrator when there is nobody at all.</summary>
    /// <returns>The login to show once, or null when somebody exists already.</returns>
    /// <exception cref="ArgumentException">The address cannot name a person.</exception>
    Task<PersonLogin?> EnsureFirstAdministratorAsync(string email, CancellationToken cancellationToken);

    /// <summary>Adds a person with a generated password, or gives an existing one a new password and opens a locked door. Sessions with the old password end.</summary>
    /// <exception cref="ArgumentException">The address cannot name a person.</exception>
    Task<PersonLogin> ResetAsync(string email, CancellationToken cancellationToken);

    /// <summary>Everybody, by address.</summary>
    Task<IReadOnlyList<PersonSummary>> ListAsync(CancellationToken cancellationToken);

    /// <returns>False when there is no such person.</returns>
    Task<bool> RemoveAsync(string email, CancellationToken cancellationToken);
}
