using Waybill.Engine.Recording;
using Waybill.Mail.Messages;
using Waybill.Storage.Schema;

namespace Waybill.Storage.Sqlite;

/// <summary>One search: which way leads to the fewest rows, and which rows hold every filter.</summary>
internal sealed class ActivitySearch(SqliteSession session, PartitionCatalog catalog, SearchIndex search, ActivityQuery query)
{
    // The index gives candidates in slices; a page whose other filters are rare takes several.
    private const int Slice = 500;

    // More rows than these are not looked at for one page: it ends early, and its Next goes on from there.
    private const int MostCandidates = 200_000;
    private const int MostScanned = 2_000_000;

    // An id is given when a message's header is complete, and may run ahead of the clock in a burst.
    private static readonly TimeSpan LongestSubmission = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan LongestBurst = TimeSpan.FromSeconds(10);

    private readonly List<ActivityRow> _rows = [];
    private readonly ActivityTerms _terms = new(query);
    private readonly HashSet<RecipientId> _seen = [];
    private readonly long _acceptedFrom = query.From is { } from ? StoredTime.From(from) : long.MinValue;
    private readonly long _acceptedBefore = query.To is { } to ? StoredTime.From(to) : long.MaxValue;
    private int _examined;
    private RecipientId? _gaveUpAt;

    private bool IsOver => _rows.Count >= Limit || _gaveUpAt is not null;

    private int Limit => Math.Clamp(query.Limit, 1, 500);

    public ActivityPage Run(CancellationToken cancellationToken)
    {
        var below = query.Before?.Value ?? long.MaxValue;
        if (query.To is { } to)
        {
            below = Math.Min(below, EmailId.FirstAt(to + LongestBurst).Value);
        }

        var from = query.From is { } start ? EmailId.FirstAt(start - LongestSubmission).Value : 0;
        if (query.EmailId is { } id)
        {
            OfMessage(id, below);
        }
        else
        {
            var fresh = _terms.Expression is null ? [] : Fresh(below, from);
            for (var i = catalog.All.Count - 1; i >= 0 && !IsOver; i--)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var partition = catalog.All[i];
                var next = i + 1 < catalog.All.Count ? catalog.All[i + 1].FirstId.Value : long.MaxValue;
                if (partition.FirstId.Value < below && next > from)
                {
                    InPartition(partition, below, from, fresh, cancellationToken);
                }
            }
        }

        return new ActivityPage(_rows, _rows.Count >= Limit ? _rows[^1].Id : _gaveUpAt);
    }

    /// <summary>What the index does not know yet, newest first.</summary>
    private List<RecipientId> Fresh(long below, long from) =>
        [.. search.NotYetIndexed(20_000).Where(id => id.Value < below && id.Value >= from).OrderByDescending(id => id.Value)];

    private void OfMessage(EmailId id, long below)
    {
        if (catalog.Find(id.Value) is not { } partition)
        {
            return;
        }

        var select = session.Prepare($"SELECT recipients FROM message_{partition.Name} WHERE email_id=?").Bind(1, id.Value);
        var recipients = select.Step() ? select.Int(0) : 0;
        select.Reset();
        for (var place = recipients - 1; place >= 0 && !IsOver; place--)
        {
            var recipient = RecipientId.Of(id, place);
            if (recipient.Value < below)
            {
                Examine(partition, recipient);
            }
        }
    }

    private void InPartition(Partition partition, long below, long from, List<RecipientId> fresh, CancellationToken cancellationToken)
    {
        if (_terms.Expression is { } expression)
        {
            ByTokens(partition, expression, below, from, fresh, cancellationToken);
        }
        else if (query.Statuses.Count > 0 && query.Statuses.All(status => status > RecipientStatus.Delivered))
        {
            Scan(partition, $"r.status IN ({string.Join(',', query.Statuses.Select(status => (int)status))}) AND r.status>1", below, from, cancellationToken);
        }
        else if (query.Statuses is [RecipientStatus.Processed] && partition.Waiting < 20_000)
        {
            // Few wait: sorting them beats walking past everything that has been delivered.
            Scan(partition, "r.due_at IS NOT NULL", below, from, cancellationToken, $"INDEXED BY due_{partition.Name}");
        }
        else
        {
            Scan(partition, "1", below, from, cancellationToken);
        }
    }

    private void ByTokens(Partition partition, string expression, long below, long from, List<RecipientId> fresh, CancellationToken cancellationToken)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var candidates = search.Find(partition, expression, below, Slice);
            var last = candidates.Count < Slice ? Math.Max(from, partition.FirstId.Value) : candidates[^1].Value;

            // Both lists are newest first: together they keep the order of the page.
            foreach (var id in candidates.Concat(fresh.Where(id => id.Value < below && id.Value >= last && catalog.Find(id.Value) == partition)).OrderByDescending(id => id.Value))
            {
                if (id.Value < from || IsOver)
                {
                    return;
                }

                if (_seen.Add(id))
                {
                    Examine(partition, id);
                }
            }

            if (candidates.Count < Slice || IsOver)
            {
                return;
            }

            if ((_examined += candidates.Count) >= MostCandidates)
            {
                _gaveUpAt = candidates[^1];
                return;
            }

            below = last;
        }
    }

    private void Scan(Partition partition, string where, long below, long from, CancellationToken cancellationToken, string index = "")
    {
        var select = session.Prepare(
            $"SELECT {partition.RowColumns} FROM {partition.RowTables.Replace(" r JOIN", $" r {index} JOIN", StringComparison.Ordinal)} "
            + $"WHERE {where} AND r.rid<? AND r.rid>=? AND r.account_id=? AND m.accepted_at>=? AND m.accepted_at<? ORDER BY r.rid DESC")
            .Bind(1, below).Bind(2, from).Bind(3, query.AccountId).Bind(4, _acceptedFrom).Bind(5, _acceptedBefore);
        try
        {
            while (!IsOver && select.Step())
            {
                if (HasStatus((RecipientStatus)select.Int(2), select.Int(3)))
                {
                    _rows.Add(ActivityRows.Read(session, partition, select));
                }
                else if (++_examined % 1_000 == 0)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    _gaveUpAt = _examined >= MostScanned ? new RecipientId(select.Long(0)) : null;
                }
            }
        }
        finally
        {
            select.Reset();
        }
    }

    private void Examine(Partition partition, RecipientId id)
    {
        if (ActivityRows.Read(session, partition, id, query.AccountId) is { } row && Holds(partition, row))
        {
            _rows.Add(row);
        }
    }

    /// <summary>Every filter once more on the row itself: the index may know less or other than the row does.</summary>
    private bool Holds(Partition partition, ActivityRow row) =>
        HasStatus(row.Status, row.Attempts)
        && StoredTime.From(row.AcceptedAt) >= _acceptedFrom
        && StoredTime.From(row.AcceptedAt) < _acceptedBefore
        && _terms.RecipientIs(row.Recipient)
        && _terms.MessageIdIs(row.MessageId)
        && _terms.SubjectHolds(row.Subject)
        && (!_terms.HasSender || _terms.SenderIs(row.Sender, HeaderFrom(partition, row)))
        && (!_terms.HasReply || _terms.RepliesHold(Replies(partition, row.Id)));

    private bool HasStatus(RecipientStatus status, int attempts) =>
        (query.Statuses.Count == 0 || query.Statuses.Contains(status))
        && (!query.DeferredOnly || status != RecipientStatus.Processed || attempts > 0);

    private List<string> Replies(Partition partition, RecipientId id)
    {
        var replies = new List<string>();
        var select = session.Prepare($"SELECT info FROM event_{partition.Name} WHERE rid=?").Bind(1, id.Value);
        while (select.Step())
        {
            replies.Add(select.Text(0));
        }

        select.Reset();
        return replies;
    }

    private string HeaderFrom(Partition partition, ActivityRow row)
    {
        var select = session.Prepare($"SELECT header_from FROM message_{partition.Name} WHERE email_id=?").Bind(1, row.EmailId.Value);
        var from = select.Step() ? select.Text(0) : "";
        select.Reset();
        return from;
    }
}
