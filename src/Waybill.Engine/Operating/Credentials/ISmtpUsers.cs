namespace Waybill.Engine.Operating.Credentials;

/// <summary>A name that may submit mail with AUTH.</summary>
/// <param name="LastUsedAt">When it last authenticated, to within a few minutes; null when it never did.</param>
public sealed record SmtpUser(
    string Name, int AccountId, string Description, DateTimeOffset CreatedAt, DateTimeOffset? LastUsedAt = null);

/// <summary>The SMTP users and their passwords. Passwords are kept only as salted hashes.</summary>
public interface ISmtpUsers
{
    /// <summary>Checks a password. Takes the same time whether or not the user exists.</summary>
    /// <returns>The user, or null when name and password do not belong together.</returns>
    Task<SmtpUser?> VerifyAsync(string name, string password, CancellationToken cancellationToken);

    Task<IReadOnlyList<SmtpUser>> ListAsync(CancellationToken cancellationToken);

    /// <summary>Adds a user, or gives an existing one a new password.</summary>
    /// <exception cref="ArgumentException">The name is none: see <see cref="SmtpUserName"/>.</exception>
    Task SetAsync(string name, string password, string description, CancellationToken cancellationToken);

    /// <returns>False when there is no such user.</returns>
    Task<bool> RemoveAsync(string name, CancellationToken cancellationToken);
}
