using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Waybill.Engine.Recording;
using Waybill.Engine.Spooling;
using Waybill.Mail.Messages;
using Waybill.Storage.Sqlite;

namespace Waybill.Tests.Storage;

/// <summary>The embedded store in a temporary directory.</summary>
internal sealed class SqliteUnderTest : StoreUnderTest
{
    private readonly string _root = Directory.CreateTempSubdirectory("waybill-store-").FullName;
    private readonly List<SqliteStore> _abandoned = [];
    private readonly StoreLimits _limits;
    private EmailIdSource _ids;
    private int _lives;

    public SqliteUnderTest(StoreLimits? limits = null)
    {
        _limits = limits ?? new StoreLimits();
        Directory.CreateDirectory(DataDirectory);
        (Opened, _ids) = Open();
    }

    public SqliteStore Opened { get; private set; }

    public string DataDirectory => Path.Combine(_root, _lives.ToString(System.Globalization.CultureInfo.InvariantCulture));

    public override ISpool Spool => Opened.Spool!;

    public override ITimeline Timeline => Opened.Timeline;

    public override IContentStore Content => Opened.Content;

    public override EmailIdSource Ids => _ids;

    public override Task CrashAsync()
    {
        var before = DataDirectory;
        _abandoned.Add(Opened);
        _lives++;
        Copy(before, DataDirectory);
        (Opened, _ids) = Open();
        return Task.CompletedTask;
    }

    public override Task ReopenAsync()
    {
        Opened.Dispose();
        (Opened, _ids) = Open();
        return Task.CompletedTask;
    }

    public override Task IndexedAsync() => Opened.Search.CatchUpAsync(CancellationToken.None);

    public override Task LoseIndexAsync()
    {
        Opened.Dispose();
        foreach (var file in Directory.EnumerateFiles(DataDirectory, "search.db*"))
        {
            File.Delete(file);
        }

        (Opened, _ids) = Open();
        return Task.CompletedTask;
    }

    public override Task RetainAsync(TimeSpan content, TimeSpan timeline) => Opened.RetainAsync(content, timeline, CancellationToken.None);

    public override IDisposable BreakContent() => new Obstacle(Path.Combine(DataDirectory, "content", Clock.GetUtcNow().ToString("yyyyMMdd", System.Globalization.CultureInfo.InvariantCulture)));

    /// <summary>Asks the database itself for a number.</summary>
    public long Scalar(string sql)
    {
        using var connection = Connect();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return Convert.ToInt64(command.ExecuteScalar(), System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>How the database would find the rows of a statement.</summary>
    public IReadOnlyList<string> Plan(string sql)
    {
        var explain = Opened.WriterSession!.Prepare("EXPLAIN QUERY PLAN " + sql);
        var plan = new List<string>();
        while (explain.Step())
        {
            plan.Add(explain.Text(3));
        }

        explain.Reset();
        return plan;
    }

    /// <summary>Leaves the database no room to grow, as a full disk would.</summary>
    public void FillDisk() => Opened.WriterSession!.Execute("PRAGMA max_page_count=1");

    public void FreeDisk() => Opened.WriterSession!.Execute("PRAGMA max_page_count=1000000");

    /// <summary>Loses the index, breaks its file, or makes it one of an earlier form.</summary>
    public Task SpoilIndexAsync(string how)
    {
        Opened.Dispose();
        var path = Path.Combine(DataDirectory, "search.db");
        if (how == "old")
        {
            using var connection = new SqliteConnection($"Data Source={path};Pooling=False");
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = "PRAGMA user_version=1";
            command.ExecuteNonQuery();
        }
        else
        {
            File.Delete(path);
            File.Delete(path + "-wal");
            if (how == "broken")
            {
                File.WriteAllText(path, new string('x', 10_000));
            }
        }

        (Opened, _ids) = Open();
        return Task.CompletedTask;
    }

    public override ValueTask DisposeAsync()
    {
        Opened.Dispose();
        foreach (var store in _abandoned)
        {
            store.Dispose();
        }

        Directory.Delete(_root, recursive: true);
        return ValueTask.CompletedTask;
    }

    private SqliteConnection Connect()
    {
        var connection = new SqliteConnection($"Data Source={Path.Combine(DataDirectory, "waybill.db")};Mode=ReadOnly;Pooling=False");
        connection.Open();
        return connection;
    }

    private (SqliteStore, EmailIdSource) Open()
    {
        var store = SqliteStore.Open(DataDirectory, Clock, Live, NullLoggerFactory.Instance, _limits);
        return (store, new EmailIdSource(Clock, 0, store.HighestId));
    }

    // What a crash leaves is what the files hold; the shared-memory index of the log is made anew.
    private static void Copy(string from, string to)
    {
        foreach (var directory in Directory.EnumerateDirectories(from, "*", SearchOption.AllDirectories).Prepend(from))
        {
            Directory.CreateDirectory(directory.Replace(from, to, StringComparison.Ordinal));
        }

        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            if (!file.EndsWith("-shm", StringComparison.Ordinal) && !file.EndsWith("waybill.lock", StringComparison.Ordinal))
            {
                CopyFile(file, file.Replace(from, to, StringComparison.Ordinal));
            }
        }
    }

    // File.Copy would ask for a lock that the open store holds.
    private static void CopyFile(string from, string to)
    {
        using var source = new FileStream(from, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var target = new FileStream(to, FileMode.CreateNew, FileAccess.Write);
        if (!from.EndsWith(".seg", StringComparison.Ordinal))
        {
            source.CopyTo(target);
            return;
        }

        // A segment is preallocated, and no test here fills more than its beginning.
        var beginning = new byte[1024 * 1024];
        target.Write(beginning.AsSpan(0, source.ReadAtLeast(beginning, beginning.Length, throwOnEndOfStream: false)));
        target.SetLength(source.Length);
    }

    /// <summary>A file where a directory should be: root may write anywhere, but not into this.</summary>
    private sealed class Obstacle : IDisposable
    {
        private readonly string _path;

        public Obstacle(string path)
        {
            _path = path;
            File.WriteAllText(path, "");
        }

        public void Dispose() => File.Delete(_path);
    }
}
