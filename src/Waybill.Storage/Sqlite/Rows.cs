using Waybill.Engine.Recording;
using Waybill.Engine.Spooling;
using Waybill.Mail.Addressing;
using Waybill.Mail.Messages;
using Waybill.Storage.Schema;

namespace Waybill.Storage.Sqlite;

/// <summary>Writes and reads the row of a message.</summary>
internal static class MessageRow
{
    public static void Insert(SqliteSession session, Partition partition, Submission submission, ContentReference content, string facts) =>
        Start(session, partition, submission.EmailId, submission.AccountId, submission.AcceptedAt, submission.Recipients.Count)
            .Bind(5, submission.Envelope.ReversePath.ToString()).Bind(6, Flags(submission.Envelope)).Bind(7, submission.Envelope.EnvelopeId)
            .Bind(8, submission.Headers.Subject).Bind(9, submission.Headers.MessageId).Bind(10, submission.Headers.From)
            .Bind(11, content.LengthOctets).Bind(12, content.Segment).Bind(13, content.Offset).Bind(14, facts)
            .Run();

    public static void Insert(SqliteSession session, Partition partition, RefusedSubmission refusal, string facts) =>
        Start(session, partition, refusal.EmailId, refusal.AccountId, refusal.RefusedAt, refusal.Recipients.Count)
            .Bind(5, refusal.ReversePath.ToString()).Bind(6, 0).Bind(7, (string?)null)
            .Bind(8, refusal.Headers.Subject).Bind(9, refusal.Headers.MessageId).Bind(10, refusal.Headers.From)
            .Bind(11, refusal.SizeOctets).Bind(12, (long?)null).Bind(13, (long?)null).Bind(14, facts)
            .Run();

    /// <summary>Body in bit 0, SMTPUTF8 in bit 1, RET in bits 2 and 3.</summary>
    public static long Flags(Envelope envelope) =>
        (envelope.Body == BodyKind.EightBitMime ? 1 : 0) | (envelope.SmtpUtf8 ? 2 : 0) | ((int)envelope.Return << 2);

    public static Envelope Envelope(string reversePath, long flags, string? envelopeId) => new(
        ReversePath.TryParse(reversePath, out var path) ? path : ReversePath.Null,
        (flags & 1) != 0 ? BodyKind.EightBitMime : BodyKind.SevenBit,
        (flags & 2) != 0,
        (DsnReturn)((flags >> 2) & 3),
        envelopeId);

    private static SqliteStatement Start(SqliteSession session, Partition partition, EmailId id, int accountId, DateTimeOffset at, int recipients) =>
        session.Prepare(partition.InsertMessage).Bind(1, id.Value).Bind(2, accountId).Bind(3, StoredTime.From(at)).Bind(4, recipients);
}

/// <summary>Writes the row of an event.</summary>
internal static class EventRow
{
    public static void Insert(
        SpoolTransaction transaction, Partition partition, RecipientId id, EventKind kind, DateTimeOffset at, string status, string info, DateTimeOffset? nextAt, long? attemptId) =>
        transaction.Session.Prepare(partition.InsertEvent)
            .Bind(1, id.Value).Bind(2, transaction.NextSequence()).Bind(3, (long)kind).Bind(4, StoredTime.From(at))
            .Bind(5, status).Bind(6, info).Bind(7, StoredTime.From(nextAt)).Bind(8, attemptId)
            .Run();

    /// <summary>Where a recipient stands after an event.</summary>
    public static RecipientStatus StatusAfter(EventKind kind) => kind switch
    {
        EventKind.Delivered => RecipientStatus.Delivered,
        EventKind.SoftBounced => RecipientStatus.SoftBounced,
        EventKind.HardBounced => RecipientStatus.HardBounced,
        EventKind.Rejected => RecipientStatus.Rejected,
        EventKind.Cancelled => RecipientStatus.Cancelled,
        _ => RecipientStatus.Processed,
    };
}
