using Waybill.Mail.Addressing;
using Waybill.Mail.Smtp;

namespace Waybill.Mail.Notifications;

/// <summary>A report that a message could not be delivered to some of its recipients (RFC 3464), before it is written.</summary>
public sealed record BounceReport
{
    /// <summary>The name of the server that reports: its own, as in EHLO.</summary>
    public required string ReportingMta { get; init; }

    /// <summary>Where the report goes: the reverse-path of the message. There is none for the null reverse-path, and no report.</summary>
    public required Mailbox To { get; init; }

    /// <summary>The report's own Message-ID, with its angle brackets.</summary>
    public required string MessageId { get; init; }

    /// <summary>The report's own date.</summary>
    public required DateTimeOffset Date { get; init; }

    /// <summary>When the message was accepted.</summary>
    public required DateTimeOffset ArrivedAt { get; init; }

    /// <summary>ENVID of the message, decoded; null when none was given (RFC 3461 §4.4).</summary>
    public string? EnvelopeId { get; init; }

    /// <summary>Subject of the message, decoded.</summary>
    public string OriginalSubject { get; init; } = "";

    /// <summary>Message-ID of the message, with its angle brackets; empty when unknown.</summary>
    public string OriginalMessageId { get; init; } = "";

    /// <summary>Whether the whole message is returned, not its header alone (RET=FULL, RFC 3461 §4.3).</summary>
    public bool ReturnsContent { get; init; }

    /// <summary>At least one.</summary>
    public required IReadOnlyList<FailedRecipient> Recipients { get; init; }
}

/// <summary>A recipient that was given up, and why.</summary>
public sealed record FailedRecipient
{
    public required ForwardPath FinalRecipient { get; init; }

    /// <summary>ORCPT as <c>type;address</c>, decoded; null when none was given.</summary>
    public string? OriginalRecipient { get; init; }

    /// <summary>Null where the server gave none; the report then says 5.0.0.</summary>
    public EnhancedStatusCode? Status { get; init; }

    /// <summary>The server that refused; null when none was reached.</summary>
    public string? RemoteMta { get; init; }

    /// <summary>Its reply word for word, or what this server saw.</summary>
    public required string Diagnostic { get; init; }

    /// <summary>Whether <see cref="Diagnostic"/> is the reply of <see cref="RemoteMta"/>.</summary>
    public bool IsReply { get; init; }

    public DateTimeOffset? LastAttemptAt { get; init; }

    /// <summary>Attempts that were made.</summary>
    public int Attempts { get; init; } = 1;

    /// <summary>Whether it was tried until its time was over; else it was refused for good.</summary>
    public bool TimeIsOver { get; init; }
}
