using Waybill.Engine.Recording;
using Waybill.Mail.Messages;

namespace Waybill.Storage.Sqlite;

/// <summary>One search: which way leads to the fewest rows, and which rows hold every filter.</summary>
internal sealed class ActivitySearch(SqliteSession session, PartitionCatalog catalog, SearchIndex search, ActivityQuery query)
{
    // The index gives candidates in slices; a page whose other filters are rare takes several.
    private const int Slice = 500;

    // More rows than this are not looked at one by one for one page: the reader narrows the question or the time.
    private const int MostExamined = 200_000;

    private readonly List<ActivityRow> _rows = [];
    private readonly string? _words = Question(query);
    private readonly string? _reply = query.Reply is { } reply ? Conjunction(SearchTokens.ReplyQuestion(reply)) : null;
    private readonly HashSet<RecipientId> _seen = [];
    private int _examined;

    private bool Full => _rows.Count >= Limit;

    private int Limit => Math.Clamp(query.Limit, 1, 500);

    public ActivityPage Run(CancellationToken cancellationToken)
    {
        var below = query.Before?.Value ?? long.MaxValue;
        if (query.To is { } to)
        {
            below = Math.Min(below, EmailId.FirstAt(to).Value);
        }

        var from = query.From is { } start ? EmailId.FirstAt(start).Value : 0;
        if (query.EmailId is { } id)
        {
            OfMessage(id, below);
        }
        else
        {
            var fresh = _words is null && _reply is null ? [] : Fresh(below, from);
            for (var i = catalog.All.Count - 1; i >= 0 && !Full; i--)
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

        return new ActivityPage(_rows, Full && _rows.Count > 0 ? _rows[^1].Id : null);
    }

    /// <summary>What the index does not know yet, by partition, newest first.</summary>
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
        for (var place = recipients - 1; place >= 0 && !Full; place--)
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
        if (_words is not null || _reply is not null)
        {
            ByTokens(partition, below, from, fresh, cancellationToken);
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

    private void ByTokens(Partition partition, long below, long from, List<RecipientId> fresh, CancellationToken cancellationToken)
    {
        while (!Full)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var candidates = _reply is not null
                ? search.Replies(partition, _reply, below, Slice)
                : search.Words(partition, _words!, below, Slice);
            var last = candidates.Count < Slice ? Math.Max(from, partition.FirstId.Value) : candidates[^1].Value;

            // Both lists are newest first: together they keep the order of the page.
            foreach (var id in candidates.Concat(fresh.Where(id => id.Value < below && id.Value >= last && catalog.Find(id.Value) == partition)).OrderByDescending(id => id.Value))
            {
                if (id.Value < from || Full)
                {
                    return;
                }

                if (_seen.Add(id))
                {
                    Examine(partition, id);
                }
            }

            if (candidates.Count < Slice || (_examined += candidates.Count) > MostExamined)
            {
                return;
            }

            below = last;
        }
    }

    private void Scan(Partition partition, string where, long below, long from, CancellationToken cancellationToken, string index = "")
    {
        var select = session.Prepare(
            $"SELECT {partition.RowColumns} FROM {partition.RowTables.Replace(" r JOIN", $" r {index} JOIN", StringComparison.Ordinal)} WHERE {where} AND r.rid<? AND r.rid>=? AND r.account_id=? ORDER BY r.rid DESC")
            .Bind(1, below).Bind(2, from).Bind(3, query.AccountId);
        while (!Full && select.Step())
        {
            if (HasStatus((RecipientStatus)select.Int(2), select.Int(3)))
            {
                _rows.Add(ActivityRows.Read(session, partition, select));
            }
            else if (++_examined % 1_000 == 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (_examined > MostExamined * 10)
                {
                    break;
                }
            }
        }

        select.Reset();
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
        && HasAddress(query.Recipient, SearchTokens.Address(row.Recipient))
        && (query.Sender is null || HasAddress(query.Sender, SearchTokens.Address(row.Sender) + " " + SearchTokens.FromField(HeaderFrom(partition, row))))
        && (query.MessageId is null || SearchTokens.Whole(query.MessageId) == SearchTokens.Whole(row.MessageId))
        && (query.Subject is null || HasWords(query.Subject, row.Subject))
        && (query.Reply is null || HasReply(partition, row.Id));

    private bool HasStatus(RecipientStatus status, int attempts) =>
        (query.Statuses.Count == 0 || query.Statuses.Contains(status))
        && (!query.DeferredOnly || status != RecipientStatus.Processed || attempts > 0);

    private static bool HasAddress(string? wanted, string tokens) =>
        wanted is null || tokens.Split(' ').Contains(SearchTokens.Whole(wanted));

    private static bool HasWords(string wanted, string subject)
    {
        var have = SearchTokens.Words(subject).ToHashSet();
        var words = SearchTokens.Words(wanted).ToList();
        return words.Take(words.Count - 1).All(have.Contains)
            && (words.Count == 0 || have.Any(word => word.StartsWith(words[^1], StringComparison.Ordinal)));
    }

    private bool HasReply(Partition partition, RecipientId id)
    {
        var have = new HashSet<string>();
        var select = session.Prepare($"SELECT info FROM event_{partition.Name} WHERE rid=?").Bind(1, id.Value);
        while (select.Step())
        {
            have.UnionWith(SearchTokens.Reply(select.Text(0)));
        }

        select.Reset();
        return SearchTokens.ReplyQuestion(query.Reply!).All(have.Contains);
    }

    private string HeaderFrom(Partition partition, ActivityRow row)
    {
        var select = session.Prepare($"SELECT header_from FROM message_{partition.Name} WHERE email_id=?").Bind(1, row.EmailId.Value);
        var from = select.Step() ? select.Text(0) : "";
        select.Reset();
        return from;
    }

    private static string? Question(ActivityQuery query)
    {
        var parts = new List<string>();
        Add(parts, "recipient", query.Recipient is { } recipient ? [SearchTokens.Whole(recipient)] : []);
        Add(parts, "sender", query.Sender is { } sender ? [SearchTokens.Whole(sender)] : []);
        Add(parts, "message_id", query.MessageId is { } messageId ? [SearchTokens.Whole(messageId)] : []);
        if (query.Subject is { } subject)
        {
            var words = SearchTokens.Words(subject).ToList();
            Add(parts, "subject", words.Take(words.Count - 1));
            if (words.Count > 0)
            {
                parts.Add($"subject : {Quote(words[^1])} *");
            }
        }

        return parts.Count == 0 ? null : string.Join(" AND ", parts.Append($"account : {Quote("a" + query.AccountId)}"));
    }

    private static void Add(List<string> parts, string column, IEnumerable<string> tokens) =>
        parts.AddRange(tokens.Where(token => token.Length > 0).Select(token => $"{column} : {Quote(token)}"));

    private static string? Conjunction(IEnumerable<string> tokens)
    {
        var list = tokens.Distinct().Select(Quote).ToList();
        return list.Count == 0 ? null : string.Join(" AND ", list);
    }

    private static string Quote(string token) => "\"" + token.Replace("\"", "\"\"", StringComparison.Ordinal) + "\"";
}
