using Waybill.Engine.Recording;
using Waybill.Mail.Messages;

namespace Waybill.EndToEnd.Pages;

/// <summary>A timeline in memory, newest first, with a journal of what was asked.</summary>
internal sealed class RememberedTimeline(LiveFeed feed) : ITimeline
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<long, RecipientTimeline> _byId = new(Comparer<long>.Create((a, b) => b.CompareTo(a)));

    public List<ActivityQuery> Asked { get; } = [];

    public void Set(RecipientTimeline timeline, bool announce = true)
    {
        lock (_lock)
        {
            _byId[timeline.Row.Id.Value] = timeline;
        }

        if (announce)
        {
            feed.Publish([new LiveChange(1, timeline.Row.Id, timeline.Events[^1].Kind)]);
        }
    }

    public Task<ActivityPage> SearchAsync(ActivityQuery query, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            Asked.Add(query);
            var rows = _byId.Values.Select(timeline => timeline.Row)
                .Where(row => query.Before is not { } before || row.Id.Value < before.Value)
                .Where(row => Matches(row, query))
                .Take(query.Limit + 1)
                .ToList();
            var more = rows.Count > query.Limit;
            var page = rows.Take(query.Limit).ToList();
            return Task.FromResult(new ActivityPage(page, more ? page[^1].Id : null));
        }
    }

    public Task<RecipientTimeline?> FindAsync(int accountId, RecipientId recipient, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return Task.FromResult(_byId.GetValueOrDefault(recipient.Value));
        }
    }

    public Task<IReadOnlyList<RecipientTimeline>> TraceAsync(int accountId, string term, int limit, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return Task.FromResult<IReadOnlyList<RecipientTimeline>>([.. _byId.Values.Where(timeline =>
                timeline.Row.EmailId.ToString() == term || timeline.Row.MessageId == term || timeline.Row.Recipient == term
                || timeline.Row.LastInfo.Split(' ').Contains(term)).Take(limit)]);
        }
    }

    private static bool Matches(ActivityRow row, ActivityQuery query) =>
        Address(row.Recipient, query.Recipient)
        && Address(row.Sender, query.Sender)
        && (query.Subject is null || row.Subject.Contains(query.Subject, StringComparison.OrdinalIgnoreCase))
        && (query.Reply is null || row.LastInfo.Contains(query.Reply, StringComparison.OrdinalIgnoreCase))
        && (query.Statuses.Count == 0 || query.Statuses.Contains(row.Status))
        && (!query.DeferredOnly || row.Status != RecipientStatus.Processed || row.Attempts > 0)
        && (query.From is null || row.AcceptedAt >= query.From)
        && (query.To is null || row.AcceptedAt < query.To);

    private static bool Address(string address, string? asked) =>
        asked is null || (asked.StartsWith('@') ? address.EndsWith(asked, StringComparison.Ordinal) : address == asked);
}
