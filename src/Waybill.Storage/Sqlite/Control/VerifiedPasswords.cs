using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Waybill.Engine.Operating.Credentials;

namespace Waybill.Storage.Sqlite.Control;

/// <summary>Remembers which password proved right, so that a client that authenticates on every connection costs one MAC, not a slow hash.</summary>
/// <remarks>
/// Holds no password: only a MAC under a key that dies with the process. One entry a name; safe for any thread.
/// </remarks>
internal sealed class VerifiedPasswords(int capacity = 10_000)
{
    private readonly byte[] _key = RandomNumberGenerator.GetBytes(32);
    private readonly ConcurrentDictionary<string, Entry> _entries = new(StringComparer.OrdinalIgnoreCase);

    /// <param name="Hash">The stored hash the password was checked against: another hash means another password.</param>
    /// <param name="CheckedAt">When the stored hash was last seen to be this one.</param>
    public sealed record Entry(byte[] Mac, SmtpUser User, string Hash, DateTimeOffset CheckedAt);

    public Entry? Find(string name, string password) =>
        _entries.TryGetValue(name, out var entry) && CryptographicOperations.FixedTimeEquals(entry.Mac, MacOf(name, password))
            ? entry
            : null;

    public void Keep(string password, SmtpUser user, string hash, DateTimeOffset now)
    {
        // A store with more busy users than this pays the slow hash again now and then.
        if (_entries.Count >= capacity)
        {
            _entries.Clear();
        }

        _entries[user.Name] = new Entry(MacOf(user.Name, password), user, hash, now);
    }

    public void Forget(string name) => _entries.TryRemove(name, out _);

    private byte[] MacOf(string name, string password)
    {
        // The length in front keeps ("ab", "c") and ("a", "bc") apart.
        var text = Encoding.UTF8.GetBytes("0000" + name.ToLowerInvariant() + password);
        BinaryPrimitives.WriteInt32BigEndian(text, name.Length);
        return HMACSHA256.HashData(_key, text);
    }
}
