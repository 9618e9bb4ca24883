using System.Text.Json;
using Waybill.Engine.Recording;
using Waybill.Engine.Spooling;
using Waybill.Mail.Messages;
using Waybill.Storage.Files;
using Waybill.Storage.Schema;

namespace Waybill.Storage.Sqlite;

/// <summary>Something a caller wants durable. The writer applies it in a group commit and then completes the caller.</summary>
internal abstract class WriteRequest
{
    /// <summary>Content that must be on stable storage before the record that names it.</summary>
    public virtual (EmailId Id, FileDraft Draft)? Content => null;

    /// <summary>Where the content lies; set by the writer before <see cref="Apply"/>.</summary>
    public ContentReference Reference { get; set; }

    /// <summary>Whether a failing store fails the caller at once; otherwise the request waits until the store is back.</summary>
    public virtual bool FailsFast => true;

    public abstract void Apply(SpoolTransaction transaction);

    /// <summary>The group is durable.</summary>
    public abstract void Complete();

    /// <summary>It will not be done.</summary>
    public abstract void Fail(Exception fault);
}

/// <summary>A request whose caller waits for a result. Continuations never run on the writer's thread.</summary>
internal abstract class WriteRequest<T> : WriteRequest
{
    private readonly TaskCompletionSource<T> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<T> Task => _done.Task;

    protected abstract T Result { get; }

    public override void Complete() => _done.TrySetResult(Result);

    public override void Fail(Exception fault) => _done.TrySetException(fault);
}

/// <summary>Takes responsibility for a message.</summary>
internal sealed class AcceptRequest(Submission submission) : WriteRequest<AcceptedMessage>
{
    private readonly string _facts = JsonSerializer.Serialize(submission.Facts, StoredJson.Default.SubmissionFacts);

    private readonly FileDraft _draft = submission.Content as FileDraft
        ?? throw new ArgumentException("The content was begun in another store.", nameof(submission));

    /// <summary>The message as accepted; set by <see cref="Apply"/>.</summary>
    public AcceptedMessage? Accepted { get; private set; }

    public override (EmailId Id, FileDraft Draft)? Content => (submission.EmailId, _draft);

    protected override AcceptedMessage Result => Accepted!;

    public override void Apply(SpoolTransaction transaction)
    {
        var partition = transaction.PartitionFor(submission.EmailId);
        MessageRow.Insert(transaction.Session, partition, submission, Reference, _facts);
        var dueAt = StoredTime.From(submission.AcceptedAt);
        for (var place = 0; place < submission.Recipients.Count; place++)
        {
            var recipient = submission.Recipients[place];
            var id = RecipientId.Of(submission.EmailId, place);
            transaction.Session.Prepare(partition.InsertRecipient)
                .Bind(1, id.Value).Bind(2, place).Bind(3, submission.AccountId).Bind(4, recipient.ForwardPath.ToString())
                .Bind(5, (long)recipient.Notify).Bind(6, recipient.OriginalRecipient)
                .Bind(7, (long)RecipientStatus.Processed).Bind(8, dueAt)
                .Run();
            transaction.Changed(submission.AccountId, id, EventKind.Processed);
        }

        transaction.Stored(partition, submission.EmailId, submission.Recipients.Count, waiting: submission.Recipients.Count);
        Accepted = Describe();
    }

    public override void Complete()
    {
        submission.Content.Dispose();
        base.Complete();
    }

    public override void Fail(Exception fault)
    {
        submission.Content.Dispose();
        base.Fail(fault as SpoolUnavailableException ?? new SpoolUnavailableException("The message could not be stored: " + fault.Message, fault));
    }

    private AcceptedMessage Describe()
    {
        var message = new SpooledMessage
        {
            EmailId = submission.EmailId,
            AccountId = submission.AccountId,
            AcceptedAt = submission.AcceptedAt,
            Envelope = submission.Envelope,
            Content = Reference,
        };
        var recipients = new DueRecipient[submission.Recipients.Count];
        for (var place = 0; place < recipients.Length; place++)
        {
            recipients[place] = new DueRecipient(message, RecipientId.Of(submission.EmailId, place), submission.Recipients[place], 0);
        }

        return new AcceptedMessage(submission.EmailId, recipients);
    }
}

/// <summary>Keeps a refused submission.</summary>
internal sealed class RefuseRequest(RefusedSubmission refusal) : WriteRequest<bool>
{
    private readonly string _facts = JsonSerializer.Serialize(refusal.Facts, StoredJson.Default.SubmissionFacts);

    protected override bool Result => true;

    public override void Apply(SpoolTransaction transaction)
    {
        var partition = transaction.PartitionFor(refusal.EmailId);
        MessageRow.Insert(transaction.Session, partition, refusal, _facts);
        for (var place = 0; place < refusal.Recipients.Count; place++)
        {
            var id = RecipientId.Of(refusal.EmailId, place);
            transaction.Session.Prepare(partition.InsertRecipient)
                .Bind(1, id.Value).Bind(2, place).Bind(3, refusal.AccountId).Bind(4, refusal.Recipients[place].ToString())
                .Bind(5, 0).Bind(6, (string?)null).Bind(7, (long)RecipientStatus.Rejected).Bind(8, (long?)null)
                .Run();
            EventRow.Insert(transaction, partition, id, EventKind.Rejected, refusal.RefusedAt, "", refusal.Reply, null, null);
            transaction.Changed(refusal.AccountId, id, EventKind.Rejected);
        }

        transaction.Stored(partition, refusal.EmailId, refusal.Recipients.Count, waiting: 0);
    }
}

/// <summary>Records an attempt's outcomes, and accepts the bounce they call for.</summary>
internal sealed class RecordRequest(AttemptRecord record, AcceptRequest? report) : WriteRequest<AcceptedMessage?>
{
    private readonly byte[] _detail = JsonSerializer.SerializeToUtf8Bytes(record.Attempt, StoredJson.Default.Attempt);

    public override (EmailId Id, FileDraft Draft)? Content => report?.Content;

    public override bool FailsFast => false;

    protected override AcceptedMessage? Result => report?.Accepted;

    public override void Apply(SpoolTransaction transaction)
    {
        var attemptId = transaction.NextSequence();
        Partition? stored = null;
        foreach (var outcome in record.Outcomes)
        {
            // A recipient that is not there went with its day: nobody can ask for it any more.
            if (transaction.PartitionOf(outcome.Id) is not { } partition || Update(transaction, partition, outcome) is not { } accountId)
            {
                continue;
            }

            if (stored != partition)
            {
                transaction.Session.Prepare(partition.InsertAttempt).Bind(1, attemptId).BindBlob(2, _detail).Run();
                stored = partition;
            }

            EventRow.Insert(transaction, partition, outcome.Id, outcome.Kind, outcome.At, outcome.Status, outcome.Info, outcome.NextAttemptAt, attemptId);
            transaction.Changed((int)accountId, outcome.Id, outcome.Kind);
        }

        foreach (var outcome in record.Outcomes)
        {
            if (transaction.ResolveDot(outcome.Id.Value))
            {
                transaction.Session.Prepare("DELETE FROM dot_sent WHERE rid=?").Bind(1, outcome.Id.Value).Run();
            }
        }

        if (report is not null)
        {
            report.Reference = Reference;
            report.Apply(transaction);
        }
    }

    public override void Complete()
    {
        report?.Complete();
        base.Complete();
    }

    public override void Fail(Exception fault)
    {
        report?.Fail(fault);
        base.Fail(fault);
    }

    /// <summary>Sets where the recipient stands.</summary>
    /// <returns>Its account; null when there is no such recipient.</returns>
    private static long? Update(SpoolTransaction transaction, Partition partition, RecipientOutcome outcome)
    {
        var status = (long)EventRow.StatusAfter(outcome.Kind);
        var attempts = outcome.CountsAsAttempt ? 1 : 0;
        var ends = outcome.NextAttemptAt is null;
        var accountId = transaction.Session.Prepare(partition.UpdateRecipient)
            .Bind(1, status).Bind(2, attempts).Bind(3, StoredTime.From(outcome.NextAttemptAt)).Bind(4, outcome.Id.Value)
            .RunReturning();
        if (accountId is not null)
        {
            if (ends)
            {
                transaction.Ended(partition);
            }

            return accountId;
        }

        // It waits no longer: what came late is a fact all the same, and what a cancelled delivery became is the truth.
        return (ends
            ? transaction.Session.Prepare(partition.UpdateCancelled).Bind(1, status).Bind(2, attempts).Bind(3, outcome.Id.Value).RunReturning()
            : null) ?? transaction.Session.Prepare(partition.SelectAccount).Bind(1, outcome.Id.Value).RunReturning();
    }
}

/// <summary>Notes a dot whose reply is late.</summary>
internal sealed class DotRequest(DotSent note) : WriteRequest<bool>
{
    public override bool FailsFast => false;

    protected override bool Result => true;

    public override void Apply(SpoolTransaction transaction)
    {
        foreach (var recipient in note.Recipients)
        {
            transaction.Session.Prepare("INSERT OR REPLACE INTO dot_sent(rid,at,host,address) VALUES(?,?,?,?)")
                .Bind(1, recipient.Value).Bind(2, StoredTime.From(note.At)).Bind(3, note.Host).Bind(4, note.Address).Run();
            transaction.NoteDot(recipient.Value);
        }
    }
}

/// <summary>Ends or moves waiting recipients by a person's order.</summary>
internal sealed class OrderRequest(IReadOnlyList<RecipientId> recipients, EventKind kind, string info, DateTimeOffset now) : WriteRequest<int>
{
    private int _done;

    protected override int Result => _done;

    public override void Apply(SpoolTransaction transaction)
    {
        _done = 0;
        foreach (var id in recipients)
        {
            if (transaction.PartitionOf(id) is not { } partition)
            {
                continue;
            }

            var cancel = kind == EventKind.Cancelled;
            var update = cancel
                ? transaction.Session.Prepare(partition.UpdateRecipient).Bind(1, (long)RecipientStatus.Cancelled).Bind(2, 0).Bind(3, (long?)null).Bind(4, id.Value)
                : transaction.Session.Prepare(partition.UpdateDue).Bind(1, StoredTime.From(now)).Bind(2, id.Value);
            if (update.RunReturning() is not { } accountId)
            {
                continue; // It waits no longer.
            }

            _done++;
            if (cancel)
            {
                transaction.Ended(partition);
            }

            EventRow.Insert(transaction, partition, id, kind, now, "", info, cancel ? null : now, null);
            transaction.Changed((int)accountId, id, kind);
        }
    }
}
