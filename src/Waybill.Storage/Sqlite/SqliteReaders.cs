using System.Collections.Concurrent;

namespace Waybill.Storage.Sqlite;

/// <summary>Connections for reading, lent one at a time and kept with their prepared statements.</summary>
internal sealed class SqliteReaders(string path) : IDisposable
{
    private const int Kept = 4;
    private readonly ConcurrentBag<SqliteSession> _idle = [];

    public T Use<T>(Func<SqliteSession, T> read)
    {
        var session = _idle.TryTake(out var kept) ? kept : SqliteSession.OpenReader(path);
        var sound = false;
        try
        {
            var result = read(session);
            sound = true;
            return result;
        }
        finally
        {
            // A statement left in the middle by a fault would hold its snapshot: such a connection is not kept.
            if (sound && _idle.Count < Kept)
            {
                _idle.Add(session);
            }
            else
            {
                session.Dispose();
            }
        }
    }

    public void Use(Action<SqliteSession> read) => Use<object?>(session =>
    {
        read(session);
        return null;
    });

    /// <summary>Closes the idle connections, whose statements may name tables that are about to go.</summary>
    public void Dispose()
    {
        while (_idle.TryTake(out var session))
        {
            session.Dispose();
        }
    }
}
