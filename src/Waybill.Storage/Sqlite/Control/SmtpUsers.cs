using Microsoft.AspNetCore.Identity;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Waybill.Engine.Operating.Credentials;

namespace Waybill.Storage.Sqlite.Control;

/// <summary>SMTP users in the control plane.</summary>
internal sealed class SmtpUsers : ISmtpUsers, IDisposable
{
    // A password changed by another process (the command line) counts here after at most this long.
    private static readonly TimeSpan TrustedFor = TimeSpan.FromSeconds(10);

    // "Last used" is for people: a write on every connection would buy nothing.
    private static readonly TimeSpan UseNotedEvery = TimeSpan.FromMinutes(5);

    private static readonly SmtpUserRow Nobody = new() { Name = "", PasswordHash = "" };

    private readonly IDbContextFactory<ControlDb> _databases;
    private readonly TimeProvider _clock;
    private readonly ILogger<SmtpUsers> _logger;
    private readonly PasswordHasher<SmtpUserRow> _hasher = new();
    private readonly VerifiedPasswords _verified = new();

    // A name that does not exist is checked against this, so that it takes as long as one that does.
    private readonly string _nobodysHash;

    // Guessing passwords may cost half of the machine, not all of it. Those who are known already pass by.
    private readonly SemaphoreSlim _hashing = new(Math.Max(1, Environment.ProcessorCount / 2));

    public SmtpUsers(IDbContextFactory<ControlDb> databases, TimeProvider clock, ILogger<SmtpUsers> logger)
    {
        (_databases, _clock, _logger) = (databases, clock, logger);
        _nobodysHash = _hasher.HashPassword(Nobody, GeneratedPassword.Next());
    }

    public async Task<SmtpUser?> VerifyAsync(string name, string password, CancellationToken cancellationToken)
    {
        var now = _clock.GetUtcNow();
        var known = _verified.Find(name, password);
        if (known is not null && now - known.CheckedAt < TrustedFor)
        {
            return known.User;
        }

        await using var db = await _databases.CreateDbContextAsync(cancellationToken);
        var row = await db.SmtpUsers.AsNoTracking().SingleOrDefaultAsync(user => user.Name == name, cancellationToken);
        var same = known is not null && row?.PasswordHash == known.Hash;
        if (!same && !await HashMatchesAsync(row, password, cancellationToken))
        {
            return null;
        }

        var used = await NoteUseAsync(db, row!, now, cancellationToken);
        _verified.Keep(password, used, row!.PasswordHash, now);
        return used;
    }

    public async Task<IReadOnlyList<SmtpUser>> ListAsync(CancellationToken cancellationToken)
    {
        await using var db = await _databases.CreateDbContextAsync(cancellationToken);
        var rows = await db.SmtpUsers.AsNoTracking().OrderBy(user => user.Name).ToListAsync(cancellationToken);
        return [.. rows.Select(UserOf)];
    }

    public async Task SetAsync(string name, string password, string description, CancellationToken cancellationToken)
    {
        if (SmtpUserName.Problem(name) is { } problem)
        {
            throw new ArgumentException(problem, nameof(name));
        }

        await using var db = await _databases.CreateDbContextAsync(cancellationToken);
        var row = await db.SmtpUsers.SingleOrDefaultAsync(user => user.Name == name, cancellationToken);
        if (row is null)
        {
            row = new SmtpUserRow
            {
                Name = name,
                AccountId = 1,
                PasswordHash = "",
                CreatedAt = _clock.GetUtcNow().ToUnixTimeMilliseconds(),
            };
            db.SmtpUsers.Add(row);
        }

        row.Description = description;
        row.PasswordHash = _hasher.HashPassword(row, password);
        await db.SaveChangesAsync(cancellationToken);
        _verified.Forget(name);
    }

    public async Task<bool> RemoveAsync(string name, CancellationToken cancellationToken)
    {
        await using var db = await _databases.CreateDbContextAsync(cancellationToken);
        var removed = await db.SmtpUsers.Where(user => user.Name == name).ExecuteDeleteAsync(cancellationToken);
        _verified.Forget(name);
        return removed > 0;
    }

    public void Dispose() => _hashing.Dispose();

    private async Task<bool> HashMatchesAsync(SmtpUserRow? row, string password, CancellationToken cancellationToken)
    {
        await _hashing.WaitAsync(cancellationToken);
        try
        {
            var result = _hasher.VerifyHashedPassword(row ?? Nobody, row?.PasswordHash ?? _nobodysHash, password);
            return row is not null && result != PasswordVerificationResult.Failed;
        }
        finally
        {
            _hashing.Release();
        }
    }

    private async Task<SmtpUser> NoteUseAsync(ControlDb db, SmtpUserRow row, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (row.LastUsedAt is { } last && now.ToUnixTimeMilliseconds() - last < UseNotedEvery.TotalMilliseconds)
        {
            return UserOf(row);
        }

        try
        {
            row.LastUsedAt = now.ToUnixTimeMilliseconds();
            await db.SmtpUsers.Where(user => user.Name == row.Name)
                .ExecuteUpdateAsync(set => set.SetProperty(user => user.LastUsedAt, row.LastUsedAt), cancellationToken);
        }
        catch (SqliteException fault)
        {
            // A full or locked disk must not keep out those whose password is right.
            _logger.UseNotNoted(fault);
        }

        return UserOf(row);
    }

    private static SmtpUser UserOf(SmtpUserRow row) => new(
        row.Name, row.AccountId, row.Description,
        DateTimeOffset.FromUnixTimeMilliseconds(row.CreatedAt),
        row.LastUsedAt is { } used ? DateTimeOffset.FromUnixTimeMilliseconds(used) : null);
}
