using Waybill.Mail.Addressing;
using Waybill.Mail.Messages;

namespace Waybill.Engine.Spooling;

/// <summary>How a message's octets may be represented on the wire (RFC 6152, RFC 3030).</summary>
public enum BodyKind : byte
{
    SevenBit = 0,
    EightBitMime = 1,
}

/// <summary>What the sender wants back in a report of failure (RFC 3461 §4.3).</summary>
public enum DsnReturn : byte
{
    Unspecified = 0,
    Full = 1,
    Headers = 2,
}

/// <summary>When the sender wants a report about a recipient (RFC 3461 §4.1). None asked for is <see cref="Unspecified"/>.</summary>
[Flags]
public enum DsnNotify : byte
{
    Unspecified = 0,
    Never = 1,
    Success = 2,
    Failure = 4,
    Delay = 8,
}

/// <summary>The envelope of a message: what MAIL FROM said (RFC 5321 §3.3, RFC 3461).</summary>
/// <param name="EnvelopeId">ENVID, decoded from xtext; null when none was given.</param>
/// <param name="SmtpUtf8">Whether SMTPUTF8 was asked for: every hop must then offer it (RFC 6531 §3.2).</param>
public sealed record Envelope(
    ReversePath ReversePath,
    BodyKind Body = BodyKind.SevenBit,
    bool SmtpUtf8 = false,
    DsnReturn Return = DsnReturn.Unspecified,
    string? EnvelopeId = null);

/// <summary>One recipient of an envelope: what RCPT TO said.</summary>
/// <param name="OriginalRecipient">ORCPT as <c>type;address</c>, decoded from xtext; null when none was given.</param>
public sealed record EnvelopeRecipient(
    ForwardPath ForwardPath,
    DsnNotify Notify = DsnNotify.Unspecified,
    string? OriginalRecipient = null);

/// <summary>The header fields that policy, lists and searches need, taken while the message came in.</summary>
public sealed record HeaderFacts
{
    /// <summary>Subject, decoded (RFC 2047), at most 500 characters.</summary>
    public string Subject { get; init; } = "";

    /// <summary>Message-ID with its angle brackets: the sender's, else the one we added.</summary>
    public string MessageId { get; init; } = "";

    /// <summary>The From field as written, unfolded, decoded, at most 500 characters.</summary>
    public string From { get; init; } = "";
}

/// <summary>Who handed the message over, and how: the evidence of the first mile.</summary>
public sealed record SubmissionFacts
{
    /// <summary>The client's address, as the connection or its PROXY header says.</summary>
    public required string ClientAddress { get; init; }

    /// <summary>The name of its EHLO or HELO.</summary>
    public string ClientName { get; init; } = "";

    /// <summary>ESMTP, ESMTPS, ESMTPSA … (RFC 3848), HTTP for the API, LOCAL for our own reports.</summary>
    public required string Protocol { get; init; }

    /// <summary>SMTP user or key that authenticated, by its public name; null on a trusted network.</summary>
    public string? Credential { get; init; }

    /// <summary>TLS version and cipher suite, null in clear.</summary>
    public string? Tls { get; init; }

    /// <summary>When DATA or BDAT began; the difference to acceptance is the time the client took.</summary>
    public DateTimeOffset? StartedAt { get; init; }
}

/// <summary>A message ready to be taken responsibility for.</summary>
public sealed record Submission
{
    public required EmailId EmailId { get; init; }

    public required DateTimeOffset AcceptedAt { get; init; }

    /// <summary>The account it belongs to; every query is scoped by it.</summary>
    public int AccountId { get; init; } = 1;

    public required Envelope Envelope { get; init; }

    public required IReadOnlyList<EnvelopeRecipient> Recipients { get; init; }

    public required HeaderFacts Headers { get; init; }

    public required SubmissionFacts Facts { get; init; }

    /// <summary>The octets, finished. The spool owns the draft from here on and disposes of it.</summary>
    public required ContentDraft Content { get; init; }
}

/// <summary>A submission that was refused, kept so that a message that never reached us can be told from a lost one.</summary>
public sealed record RefusedSubmission
{
    public required EmailId EmailId { get; init; }

    public required DateTimeOffset RefusedAt { get; init; }

    public int AccountId { get; init; } = 1;

    public required ReversePath ReversePath { get; init; }

    /// <summary>The recipients it was refused for; at least one.</summary>
    public required IReadOnlyList<ForwardPath> Recipients { get; init; }

    public HeaderFacts Headers { get; init; } = new();

    public required SubmissionFacts Facts { get; init; }

    /// <summary>Our reply, word for word.</summary>
    public required string Reply { get; init; }

    public long SizeOctets { get; init; }
}
