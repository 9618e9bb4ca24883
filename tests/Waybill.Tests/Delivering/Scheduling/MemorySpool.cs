using System.Collections.Concurrent;
using System.Text;
using Waybill.Engine.Recording;
using Waybill.Engine.Spooling;
using Waybill.Mail.Messages;

namespace Waybill.Tests.Delivering.Scheduling;

/// <summary>A spool in memory with a journal of what the scheduler asked and recorded.</summary>
internal sealed class MemorySpool : ISpool, IContentStore
{
    private readonly ConcurrentDictionary<RecipientId, (DueRecipient Recipient, DateTimeOffset DueAt)> _waiting = [];

    public ConcurrentQueue<(AttemptRecord Attempt, Submission? Report)> Records { get; } = new();

    public List<DotSent> Dots { get; } = [];

    /// <summary>How often the due index was read.</summary>
    public int PagesRead { get; private set; }

    /// <summary>When set, reading fails with it.</summary>
    public Exception? Fault { get; set; }

    public long WaitingCount => _waiting.Count;

    public bool IsAvailable => true;

    public IEnumerable<RecipientOutcome> Outcomes => Records.SelectMany(one => one.Attempt.Outcomes);

    /// <summary>Keeps recipients as they wait.</summary>
    public void Put(IEnumerable<DueRecipient> recipients, DateTimeOffset dueAt)
    {
        foreach (var recipient in recipients)
        {
            _waiting[recipient.Id] = (recipient, dueAt);
        }
    }

    public void Remove(RecipientId id) => _waiting.TryRemove(id, out _);

    public Task<AcceptedMessage> AcceptAsync(Submission submission)
    {
        var message = new SpooledMessage
        {
            EmailId = submission.EmailId,
            AccountId = submission.AccountId,
            AcceptedAt = submission.AcceptedAt,
            Envelope = submission.Envelope,
            Content = default,
        };
        List<DueRecipient> recipients = [.. submission.Recipients.Select((one, place) => new DueRecipient(message, RecipientId.Of(message.EmailId, place), one, 0))];
        Put(recipients, submission.AcceptedAt);
        return Task.FromResult(new AcceptedMessage(submission.EmailId, recipients));
    }

    public async Task<AcceptedMessage?> RecordAsync(AttemptRecord attempt, Submission? report = null)
    {
        foreach (var outcome in attempt.Outcomes)
        {
            if (outcome.NextAttemptAt is { } due && _waiting.TryGetValue(outcome.Id, out var waits))
            {
                _waiting[outcome.Id] = (waits.Recipient with { Attempts = waits.Recipient.Attempts + 1 }, due);
            }
            else
            {
                _waiting.TryRemove(outcome.Id, out _);
            }
        }

        var accepted = report is null ? null : await AcceptAsync(report);
        Records.Enqueue((attempt, report));
        return accepted;
    }

    public Task<IReadOnlyList<WaitingRecipient>> WaitingAsync(DueCursor after, DateTimeOffset until, int limit, CancellationToken cancellationToken)
    {
        PagesRead++;
        return Fault is { } fault
            ? Task.FromException<IReadOnlyList<WaitingRecipient>>(fault)
            : Task.FromResult<IReadOnlyList<WaitingRecipient>>(
            [
                .. _waiting.Values
                    .Where(one => one.DueAt <= until && (after == default || (one.DueAt, one.Recipient.Id.Value).CompareTo((after.DueAt, after.Id.Value)) > 0))
                    .OrderBy(one => one.DueAt).ThenBy(one => one.Recipient.Id.Value).Take(limit)
                    .Select(one => new WaitingRecipient(one.Recipient.Id, one.Recipient.Message.EmailId, one.Recipient.Recipient.ForwardPath.Mailbox.Host, one.DueAt)),
            ]);
    }

    public Task<IReadOnlyList<DueRecipient>> LoadAsync(IReadOnlyList<RecipientId> recipients, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<DueRecipient>>([.. recipients.Where(_waiting.ContainsKey).Select(id => _waiting[id].Recipient)]);

    public Task NoteDotSentAsync(DotSent note) => Task.CompletedTask;

    public Task<IReadOnlyList<DotSent>> UnresolvedDotsAsync(CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<DotSent>>(Dots);

    public Task RefuseAsync(RefusedSubmission refusal) => throw new NotSupportedException();

    public Task<int> CancelAsync(IReadOnlyList<RecipientId> recipients, string reason) => throw new NotSupportedException();

    public Task<int> RetryNowAsync(IReadOnlyList<RecipientId> recipients) => throw new NotSupportedException();

    public ContentDraft Begin() => new Waybill.Storage.Files.FileDraft(Path.GetTempPath());

    public ContentLease Open(ContentReference reference) => Given.Content(Encoding.ASCII.GetString("Subject: hello\r\n\r\nDear reader\r\n"u8));
}
