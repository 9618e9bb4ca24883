using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace Waybill.Storage.Sqlite;

/// <summary>Keeps the write-ahead log short: most of a checkpoint runs beside the writer, only its small rest on the writer's thread.</summary>
internal sealed class WalKeeper : IDisposable
{
    // A few megabytes of log. Reused, its blocks are allocated already and a sync writes data only.
    private const int RequestsPerCheckpoint = 1_000;

    private readonly string _path;
    private readonly ILogger<SqliteSpool> _logger;
    private readonly Thread _thread;
    private readonly AutoResetEvent _wanted = new(false);
    private volatile bool _running;
    private volatile bool _stopping;
    private volatile bool _wantsFinish;
    private int _requests;

    public WalKeeper(string path, ILogger<SqliteSpool> logger)
    {
        (_path, _logger) = (path, logger);
        _thread = new Thread(Run) { Name = "spool checkpoints", IsBackground = true };
    }

    /// <summary>Whether the writer should do the rest of a checkpoint now.</summary>
    public bool WantsFinish => _wantsFinish;

    public void Start() => _thread.Start();

    /// <summary>Called by the writer after a commit.</summary>
    /// <param name="requests">How many requests it carried.</param>
    public void Committed(int requests)
    {
        _requests += requests;
        if (_requests >= RequestsPerCheckpoint && !_running && !_wantsFinish)
        {
            _requests = 0;
            _running = true;
            _wanted.Set();
        }
    }

    /// <summary>Called by the writer: what was written since the background part began is little.</summary>
    public void Finish(SqliteSession writer)
    {
        _wantsFinish = false;
        try
        {
            SQLitePCL.raw.sqlite3_wal_checkpoint_v2(writer.Handle, null, SQLitePCL.raw.SQLITE_CHECKPOINT_PASSIVE, out int _, out int _);
        }
        catch (SqliteException fault)
        {
            _logger.CheckpointFailed(fault.Message);
        }
    }

    public void Dispose()
    {
        _stopping = true;
        _wanted.Set();
        if (_thread.IsAlive)
        {
            _thread.Join();
        }

        _wanted.Dispose();
    }

    private void Run()
    {
        using var session = SqliteSession.OpenWriter(_path, "FULL");
        while (true)
        {
            _wanted.WaitOne();
            if (_stopping)
            {
                return;
            }

            var code = SQLitePCL.raw.sqlite3_wal_checkpoint_v2(session.Handle, null, SQLitePCL.raw.SQLITE_CHECKPOINT_PASSIVE, out int _, out int _);
            if (code != SQLitePCL.raw.SQLITE_OK && code != SQLitePCL.raw.SQLITE_BUSY)
            {
                _logger.CheckpointFailed(session.Fault(code).Message);
            }

            _wantsFinish = true;
            _running = false;
        }
    }
}
