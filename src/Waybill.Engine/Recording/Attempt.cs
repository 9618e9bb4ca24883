using Waybill.Mail.Messages;

namespace Waybill.Engine.Recording;

/// <summary>One try to hand a message to one next hop, with everything that was seen on the way.</summary>
public sealed record Attempt
{
    public required DateTimeOffset StartedAt { get; init; }

    public required DateTimeOffset EndedAt { get; init; }

    /// <summary>The route's name: the domain, or the smart host's <c>host:port</c>.</summary>
    public string NextHop { get; init; } = "";

    /// <summary>The host that was spoken to (MX host name), empty when none was reached.</summary>
    public string Host { get; init; } = "";

    /// <summary>Its address and port as <c>192.0.2.1:25</c>, empty when no connection was tried.</summary>
    public string Address { get; init; } = "";

    /// <summary>Our address of the connection.</summary>
    public string SourceAddress { get; init; } = "";

    /// <summary>The name we gave in EHLO.</summary>
    public string ClientName { get; init; } = "";

    public TlsFacts? Tls { get; init; }

    /// <summary>How many messages the connection had carried before this one.</summary>
    public int MessagesBefore { get; init; }

    /// <summary>The dialogue in order: DNS answers, connection, commands, replies. Content and secrets are left out and said so.</summary>
    public IReadOnlyList<DialogueLine> Dialogue { get; init; } = [];

    /// <summary>Octets of content sent.</summary>
    public long SentOctets { get; init; }
}

/// <summary>What TLS agreed on.</summary>
/// <param name="Version">As TLS 1.3.</param>
/// <param name="CertificateProblem">Why the certificate does not prove the host's name; null when it does. Opportunistic TLS goes on all the same.</param>
public sealed record TlsFacts(
    string Version,
    string Cipher,
    string CertificateSubject = "",
    string CertificateIssuer = "",
    DateTimeOffset? NotAfter = null,
    string Sha256Fingerprint = "",
    string? CertificateProblem = null)
{
    /// <summary>Version and cipher on one line.</summary>
    public override string ToString() => $"{Version} {Cipher}";
}

/// <summary>Who said a line.</summary>
public enum Speaker : byte
{
    /// <summary>A fact of ours: a DNS answer, a connection, TLS, a rule.</summary>
    Note = 0,

    /// <summary>We, the client.</summary>
    Client = 1,

    /// <summary>The peer.</summary>
    Server = 2,
}

/// <summary>A line of the dialogue.</summary>
/// <param name="Milliseconds">Since the attempt began; negative for what an earlier attempt on the same connection saw.</param>
public readonly record struct DialogueLine(int Milliseconds, Speaker Speaker, string Text);

/// <summary>An attempt and what came of it for each recipient it carried.</summary>
public sealed record AttemptRecord(Attempt Attempt, IReadOnlyList<RecipientOutcome> Outcomes);

/// <summary>What came of an attempt for one recipient.</summary>
public sealed record RecipientOutcome
{
    public required RecipientId Id { get; init; }

    public required EventKind Kind { get; init; }

    public required DateTimeOffset At { get; init; }

    /// <summary>What the timeline shows as Info: the deciding reply word for word, else what we saw.</summary>
    public required string Info { get; init; }

    /// <summary>Enhanced status code as text, empty when there is none.</summary>
    public string Status { get; init; } = "";

    /// <summary>When the next attempt is due; set for Deferred and OutcomeUnknown, null when this is the end.</summary>
    public DateTimeOffset? NextAttemptAt { get; init; }

    /// <summary>False when the attempt never reached a dialogue that should count, as with a local shortage.</summary>
    public bool CountsAsAttempt { get; init; } = true;
}
