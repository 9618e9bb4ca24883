using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Waybill.Storage.Sqlite;

/// <summary>A connection with its prepared statements. One thread at a time.</summary>
/// <remarks>
/// It speaks to SQLite's own interface under Microsoft.Data.Sqlite: binding by number, without a parameter object and a
/// name look-up for each value. Measured on the accept path that is worth about a third of the statement's time.
/// </remarks>
internal sealed class SqliteSession : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly Dictionary<string, SqliteStatement> _statements = new(StringComparer.Ordinal);

    private SqliteSession(SqliteConnection connection) => _connection = connection;

    public sqlite3 Handle => _connection.Handle!;

    /// <summary>Opens a database for its one writer: write-ahead log, full synchronisation.</summary>
    public static SqliteSession OpenWriter(string path, string synchronous)
    {
        var session = Open(path, SqliteOpenMode.ReadWriteCreate);
        session.Execute("PRAGMA journal_mode=WAL");
        session.Execute($"PRAGMA synchronous={synchronous}");

        // Checkpoints run on a connection of their own, off the path of whoever waits for a commit.
        session.Execute("PRAGMA wal_autocheckpoint=0");
        session.Execute("PRAGMA cache_size=-16384");
        session.Execute("PRAGMA temp_store=MEMORY");
        return session;
    }

    /// <summary>Opens a database for reading beside its writer.</summary>
    public static SqliteSession OpenReader(string path)
    {
        var session = Open(path, SqliteOpenMode.ReadOnly);
        session.Execute("PRAGMA cache_size=-4096");
        return session;
    }

    /// <summary>A statement, prepared once. Reset it after use (<see cref="SqliteStatement.Reset"/>).</summary>
    public SqliteStatement Prepare(string sql)
    {
        if (!_statements.TryGetValue(sql, out var statement))
        {
            var code = raw.sqlite3_prepare_v2(Handle, sql, out var handle);
            if (code != raw.SQLITE_OK)
            {
                throw Fault(code);
            }

            statement = new SqliteStatement(this, handle);
            _statements.Add(sql, statement);
        }

        return statement;
    }

    /// <summary>Runs SQL that returns nothing of interest.</summary>
    public void Execute(string sql)
    {
        var code = raw.sqlite3_exec(Handle, sql);
        if (code != raw.SQLITE_OK)
        {
            throw Fault(code);
        }
    }

    public bool InTransaction => raw.sqlite3_get_autocommit(Handle) == 0;

    public SqliteException Fault(int code) => new(raw.sqlite3_errmsg(Handle).utf8_to_string(), code);

    /// <summary>Forgets prepared statements, so that a table they name can be dropped.</summary>
    public void ForgetStatements()
    {
        foreach (var statement in _statements.Values)
        {
            statement.Dispose();
        }

        _statements.Clear();
    }

    public void Dispose()
    {
        ForgetStatements();
        _connection.Dispose();
    }

    private static SqliteSession Open(string path, SqliteOpenMode mode)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = path,
            Mode = mode,
            Pooling = false,
        }.ToString());
        connection.Open();
        var session = new SqliteSession(connection);
        session.Execute("PRAGMA busy_timeout=10000");
        return session;
    }
}
