using System.Text.Json;
using Waybill.Engine.Recording;
using Waybill.Engine.Spooling;
using Waybill.Mail.Addressing;
using Waybill.Mail.Messages;
using Waybill.Storage.Schema;

namespace Waybill.Storage.Sqlite;

/// <summary>The timeline on SQLite: newer partitions first, and no further than the page needs.</summary>
internal sealed class SqliteTimeline(SqliteReaders readers, PartitionCatalog catalog, SearchIndex search) : ITimeline
{
    public Task<ActivityPage> SearchAsync(ActivityQuery query, CancellationToken cancellationToken) =>
        Task.Run(() => readers.Use(session => new ActivitySearch(session, catalog, search, query).Run(cancellationToken)), cancellationToken);

    public Task<RecipientTimeline?> FindAsync(int accountId, RecipientId recipient, CancellationToken cancellationToken) =>
        Task.Run(() => readers.Use(session => Find(session, accountId, recipient)), cancellationToken);

    public async Task<IReadOnlyList<RecipientTimeline>> TraceAsync(int accountId, string term, int limit, CancellationToken cancellationToken)
    {
        term = term.Trim();
        var found = new List<RecipientTimeline>();
        foreach (var query in QuestionsOf(accountId, term, limit))
        {
            if (query.EmailId is null && new ActivityTerms(query).Expression is null)
            {
                continue; // A question without any word would find everything.
            }

            var page = await SearchAsync(query, cancellationToken);
            foreach (var row in page.Rows)
            {
                if (await FindAsync(accountId, row.Id, cancellationToken) is { } timeline)
                {
                    found.Add(timeline);
                }
            }

            if (found.Count > 0)
            {
                break; // What a term names exactly comes before what merely holds it.
            }
        }

        return found;
    }

    private static IEnumerable<ActivityQuery> QuestionsOf(int accountId, string term, int limit)
    {
        var query = new ActivityQuery { AccountId = accountId, Limit = limit };
        if (EmailId.TryParse(term, out var id))
        {
            yield return query with { EmailId = id };
        }

        if (term.Contains('@'))
        {
            yield return query with { MessageId = term };
            yield return query with { Recipient = term.Trim('<', '>') };
            yield return query with { Sender = term.Trim('<', '>') };
        }

        yield return query with { Reply = term };
    }

    private RecipientTimeline? Find(SqliteSession session, int accountId, RecipientId id)
    {
        if (catalog.Find(id.Value) is not { } partition || ActivityRows.Read(session, partition, id, accountId) is not { } row)
        {
            return null;
        }

        var select = session.Prepare(
            $"SELECT m.recipients,m.reverse_path,m.flags,m.envelope_id,m.size,m.segment,m.position,m.facts,m.header_from,r.notify,r.original FROM {partition.RowTables} WHERE r.rid=?")
            .Bind(1, id.Value);
        try
        {
            if (!select.Step())
            {
                return null;
            }

            var facts = JsonSerializer.Deserialize(select.Text(7), StoredJson.Default.SubmissionFacts)!;
            var events = Events(session, partition, id);
            var refused = select.IsNull(5);
            if (!refused)
            {
                events.Insert(0, new TimelineEvent { Kind = EventKind.Processed, At = row.AcceptedAt, Info = ProcessedInfo(row, facts) });
            }

            return new RecipientTimeline
            {
                Row = row,
                Recipient = new EnvelopeRecipient(ForwardPath.Parse(row.Recipient), (DsnNotify)select.Int(9), select.TextOrNull(10)),
                Envelope = MessageRow.Envelope(select.Text(1), select.Long(2), select.TextOrNull(3)),
                Headers = new HeaderFacts { Subject = row.Subject, MessageId = row.MessageId, From = select.Text(8) },
                Facts = facts,
                Content = refused ? null : new ContentReference(select.Int(5), select.Long(6), select.Long(4)),
                SizeOctets = select.Long(4),
                Siblings = Siblings(session, partition, row, select.Int(0), accountId),
                Events = events,
            };
        }
        finally
        {
            select.Reset();
        }
    }

    private static string ProcessedInfo(ActivityRow row, SubmissionFacts facts) =>
        $"Accepted from {(facts.ClientName.Length > 0 ? facts.ClientName + " " : "")}[{facts.ClientAddress}] with {facts.Protocol}"
        + (facts.Credential is { } name ? $" as {name}" : "")
        + $": 250 2.0.0 OK id={row.EmailId}";

    private static List<ActivityRow> Siblings(SqliteSession session, Partition partition, ActivityRow row, int recipients, int accountId)
    {
        const int most = 100;
        var siblings = new List<ActivityRow>();
        for (var place = 0; place < recipients && siblings.Count < most; place++)
        {
            var id = RecipientId.Of(row.EmailId, place);
            if (id != row.Id && ActivityRows.Read(session, partition, id, accountId) is { } sibling)
            {
                siblings.Add(sibling);
            }
        }

        return siblings;
    }

    private static List<TimelineEvent> Events(SqliteSession session, Partition partition, RecipientId id)
    {
        var events = new List<TimelineEvent>();
        var select = session.Prepare(
            $"SELECT e.kind,e.at,e.status,e.info,e.next_at,a.detail FROM event_{partition.Name} e LEFT JOIN attempt_{partition.Name} a ON a.attempt_id=e.attempt_id WHERE e.rid=? ORDER BY e.seq")
            .Bind(1, id.Value);
        while (select.Step())
        {
            events.Add(new TimelineEvent
            {
                Kind = (EventKind)select.Int(0),
                At = StoredTime.To(select.Long(1)),
                Status = select.Text(2),
                Info = select.Text(3),
                NextAttemptAt = select.IsNull(4) ? null : StoredTime.To(select.Long(4)),
                Attempt = select.IsNull(5) ? null : JsonSerializer.Deserialize(select.Blob(5), StoredJson.Default.Attempt),
            });
        }

        select.Reset();
        return events;
    }
}

/// <summary>Reads rows of lists.</summary>
internal static class ActivityRows
{
    /// <summary>One recipient; null when it is not there or belongs to another account.</summary>
    public static ActivityRow? Read(SqliteSession session, Partition partition, RecipientId id, int accountId)
    {
        var select = session.Prepare($"SELECT {partition.RowColumns} FROM {partition.RowTables} WHERE r.rid=? AND r.account_id=?")
            .Bind(1, id.Value).Bind(2, accountId);
        var row = select.Step() ? Read(session, partition, select) : null;
        select.Reset();
        return row;
    }

    /// <summary>The row that a statement with <see cref="Partition.RowColumns"/> stands on.</summary>
    public static ActivityRow Read(SqliteSession session, Partition partition, SqliteStatement select)
    {
        var id = new RecipientId(select.Long(0));
        var acceptedAt = StoredTime.To(select.Long(6));
        var (lastAt, lastInfo) = LastEvent(session, partition, id);
        return new ActivityRow
        {
            Id = id,
            EmailId = new EmailId(id.Value - select.Long(1)),
            Status = (RecipientStatus)select.Int(2),
            Attempts = select.Int(3),
            DueAt = select.IsNull(4) ? null : StoredTime.To(select.Long(4)),
            Recipient = select.Text(5),
            AcceptedAt = acceptedAt,
            Sender = select.Text(7),
            Subject = select.Text(8),
            MessageId = select.Text(9),
            LastEventAt = lastAt ?? acceptedAt,
            LastInfo = lastInfo,
        };
    }

    private static (DateTimeOffset?, string) LastEvent(SqliteSession session, Partition partition, RecipientId id)
    {
        var select = session.Prepare($"SELECT at,info FROM event_{partition.Name} WHERE rid=? ORDER BY seq DESC LIMIT 1").Bind(1, id.Value);
        var last = select.Step() ? (StoredTime.To(select.Long(0)), select.Text(1)) : ((DateTimeOffset?)null, "");
        select.Reset();
        return last;
    }
}
