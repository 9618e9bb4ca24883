using Waybill.Engine.Recording;
using Waybill.Engine.Spooling;
using Waybill.Mail.Messages;

namespace Waybill.EndToEnd.Pages;

/// <summary>What waits, in memory: enough for a page that lists, retries and cancels.</summary>
internal sealed class RememberedSpool : ISpool
{
    private readonly List<WaitingRecipient> _waiting = [];

    public List<string> Journal { get; } = [];

    public long WaitingCount => _waiting.Count;

    public bool IsAvailable => true;

    public void Add(WaitingRecipient recipient) => _waiting.Add(recipient);

    public Task<IReadOnlyList<WaitingRecipient>> WaitingAsync(DueCursor after, DateTimeOffset until, int limit, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<WaitingRecipient>>([.. _waiting.Where(waiting => waiting.DueAt > after.DueAt && waiting.DueAt <= until).Take(limit)]);

    public Task<int> CancelAsync(IReadOnlyList<RecipientId> recipients, string reason)
    {
        Journal.Add($"cancel {recipients.Count}: {reason}");
        return Task.FromResult(_waiting.RemoveAll(waiting => recipients.Contains(waiting.Id)));
    }

    public Task<int> RetryNowAsync(IReadOnlyList<RecipientId> recipients)
    {
        Journal.Add($"retry {recipients.Count}");
        return Task.FromResult(recipients.Count);
    }

    public Task<AcceptedMessage> AcceptAsync(Submission submission) => throw Unasked();

    public Task RefuseAsync(RefusedSubmission refusal) => throw Unasked();

    public Task<AcceptedMessage?> RecordAsync(AttemptRecord attempt, Submission? report = null) => throw Unasked();

    public Task NoteDotSentAsync(DotSent note) => throw Unasked();

    public Task<IReadOnlyList<DotSent>> UnresolvedDotsAsync(CancellationToken cancellationToken) => throw Unasked();

    public Task<IReadOnlyList<DueRecipient>> LoadAsync(IReadOnlyList<RecipientId> recipients, CancellationToken cancellationToken) => throw Unasked();

    private static NotSupportedException Unasked() => new("The pages do not ask for this.");
}
