using Waybill.Engine.Recording;
using Waybill.Engine.Spooling;
using Waybill.Mail.Addressing;
using Waybill.Mail.Messages;
using Waybill.Storage.Schema;

namespace Waybill.Storage.Sqlite;

/// <summary>The spool on SQLite: writes go through one writer, reads through connections of their own.</summary>
internal sealed class SqliteSpool : ISpool
{
    private readonly SpoolWriter _writer;
    private readonly SqliteReaders _readers;
    private readonly PartitionCatalog _catalog;
    private readonly TimeProvider _clock;

    public SqliteSpool(SpoolWriter writer, SqliteReaders readers, PartitionCatalog catalog, TimeProvider clock)
    {
        (_writer, _readers, _catalog, _clock) = (writer, readers, catalog, clock);
        writer.Start();
    }

    public long WaitingCount => _catalog.All.Sum(partition => partition.Waiting);

    public bool IsAvailable => _writer.IsAvailable;

    public Task<AcceptedMessage> AcceptAsync(Submission submission) => Write(new AcceptRequest(submission));

    public Task RefuseAsync(RefusedSubmission refusal) => Write(new RefuseRequest(refusal));

    public Task<AcceptedMessage?> RecordAsync(AttemptRecord attempt, Submission? report = null) =>
        Write(new RecordRequest(attempt, report is null ? null : new AcceptRequest(report)));

    public Task NoteDotSentAsync(DotSent note) => Write(new DotRequest(note));

    public Task<int> CancelAsync(IReadOnlyList<RecipientId> recipients, string reason) =>
        Write(new OrderRequest(recipients, EventKind.Cancelled, reason, _clock.GetUtcNow()));

    public Task<int> RetryNowAsync(IReadOnlyList<RecipientId> recipients) =>
        Write(new OrderRequest(recipients, EventKind.RetryRequested, "The next attempt was asked for.", _clock.GetUtcNow()));

    public Task<IReadOnlyList<DotSent>> UnresolvedDotsAsync(CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<DotSent>>(_readers.Use(session =>
        {
            var notes = new List<DotSent>();
            var select = session.Prepare("SELECT rid,at,host,address FROM dot_sent ORDER BY rid");
            while (select.Step())
            {
                notes.Add(new DotSent([new RecipientId(select.Long(0))], StoredTime.To(select.Long(1)), select.Text(2), select.Text(3)));
            }

            select.Reset();
            return notes;
        }));

    public Task<IReadOnlyList<WaitingRecipient>> WaitingAsync(DueCursor after, DateTimeOffset until, int limit, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<WaitingRecipient>>(_readers.Use(session =>
        {
            var found = new List<WaitingRecipient>();
            var untilAt = StoredTime.From(until);
            var (afterAt, afterId) = after == default ? (long.MinValue, 0) : (StoredTime.From(after.DueAt), after.Id.Value);
            foreach (var partition in _catalog.All)
            {
                if (partition.Waiting <= 0)
                {
                    continue;
                }

                var before = found.Count;
                Read(session.Prepare(partition.SelectDueAt).Bind(1, afterAt).Bind(2, afterId).Bind(3, untilAt).Bind(4, limit), found);
                var left = limit - (found.Count - before);
                if (left > 0)
                {
                    Read(session.Prepare(partition.SelectDueAfter).Bind(1, afterAt).Bind(2, untilAt).Bind(3, left), found);
                }
            }

            // Each partition gave its own first ones; the first of all of them are among these.
            found.Sort(static (one, other) => (one.DueAt, one.Id.Value).CompareTo((other.DueAt, other.Id.Value)));
            return found.Count <= limit ? found : found[..limit];
        }));

    public Task<IReadOnlyList<DueRecipient>> LoadAsync(IReadOnlyList<RecipientId> recipients, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<DueRecipient>>(_readers.Use(session =>
        {
            var loaded = new List<DueRecipient>(recipients.Count);
            SpooledMessage? message = null;
            foreach (var id in recipients)
            {
                if (_catalog.Find(id.Value) is { } partition && Load(session, partition, id, ref message) is { } recipient)
                {
                    loaded.Add(recipient);
                }
            }

            return loaded;
        }));

    private static void Read(SqliteStatement select, List<WaitingRecipient> found)
    {
        while (select.Step())
        {
            var id = select.Long(0);
            found.Add(new WaitingRecipient(new RecipientId(id), new EmailId(id - select.Long(1)), HostOf(select.Text(2)), StoredTime.To(select.Long(3))));
        }

        select.Reset();
    }

    public DateTimeOffset Now => _clock.GetUtcNow();

    /// <summary>Days, as yyyyMMdd, of mail that somebody waits for.</summary>
    public IReadOnlySet<string> DaysWithWaiting =>
        _catalog.All.Where(partition => partition.Waiting > 0).Select(partition => partition.Day).ToHashSet(StringComparer.Ordinal);

    /// <summary>Drops the partitions of days that ended before an instant and for which nobody waits.</summary>
    /// <returns>How many were dropped.</returns>
    public async Task<int> DropBeforeAsync(DateTimeOffset instant, SearchIndex search, CancellationToken cancellationToken)
    {
        var limit = Partition.NameOf(instant, 0)[..8];
        var dropped = 0;
        foreach (var partition in _catalog.All)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (string.CompareOrdinal(partition.Day, limit) >= 0 || partition.Waiting > 0)
            {
                continue;
            }

            await Write(new ForgetPartitionRequest(partition, _catalog, _readers));
            await search.DropAsync(partition, cancellationToken);
            foreach (var statement in partition.Drop())
            {
                await Write(new DropTableRequest(statement));
            }

            dropped++;
        }

        return dropped;
    }

    /// <summary>Takes old rows off the journal that the search index has passed, a few at a time.</summary>
    /// <param name="passed">The last row the index has taken in.</param>
    /// <returns>Whether there may be more.</returns>
    public async Task<bool> TrimJournalAsync(long passed, DateTimeOffset before) =>
        await Write(new TrimRequest(passed, before)) == TrimRequest.Step;

    /// <summary>Writes what waits and ends. The store's own, so not by Dispose.</summary>
    public void Close() => _writer.Dispose();

    private Task<T> Write<T>(WriteRequest<T> request)
    {
        _writer.Post(request);
        return request.Task;
    }

    private static DueRecipient? Load(SqliteSession session, Partition partition, RecipientId id, ref SpooledMessage? message)
    {
        var select = session.Prepare(partition.SelectForAttempt).Bind(1, id.Value);
        try
        {
            if (!select.Step() || !ForwardPath.TryParse(select.Text(2), out var path))
            {
                return null;
            }

            var emailId = new EmailId(select.Long(6));
            if (message?.EmailId != emailId)
            {
                message = new SpooledMessage
                {
                    EmailId = emailId,
                    AccountId = select.Int(7),
                    AcceptedAt = StoredTime.To(select.Long(8)),
                    Envelope = MessageRow.Envelope(select.Text(9), select.Long(10), select.TextOrNull(11)),
                    Content = new ContentReference(select.Int(13), select.Long(14), select.Long(12)),
                };
            }

            return new DueRecipient(message, id, new EnvelopeRecipient(path, (DsnNotify)select.Int(3), select.TextOrNull(4)), select.Int(5));
        }
        finally
        {
            select.Reset();
        }
    }

    private static string HostOf(string address) => string.Intern(address[(address.LastIndexOf('@') + 1)..]);
}
