using System.Net;

namespace Waybill.Peers.Smtp;

/// <summary>What TLS came to: <c>Tls13</c> and its cipher suite.</summary>
public sealed record TlsFacts(string Version, string CipherSuite);

/// <summary>A connection, as a script sees it.</summary>
/// <param name="number">Counted from 1 by each receiver.</param>
public sealed class SessionFacts(int number, IPEndPoint client)
{
    public int Number => number;

    public IPEndPoint Client => client;

    /// <summary>The name the client gave with EHLO or HELO.</summary>
    public string Helo { get; internal set; } = "";

    /// <summary>Null while the connection is in clear text.</summary>
    public TlsFacts? Tls { get; internal set; }

    /// <summary>Messages whose content arrived on this connection.</summary>
    public int Messages { get; internal set; }
}

/// <summary>A forward-path and the parameters it came with.</summary>
/// <param name="Address">As written, without the angle brackets.</param>
/// <param name="Parameters">The rest of the RCPT command, e.g. <c>NOTIFY=NEVER</c>.</param>
public sealed record ReceivedRecipient(string Address, string Parameters)
{
    public string LocalPart => Address.LastIndexOf('@') is >= 0 and var at ? Address[..at] : Address;

    public string Domain => Address.LastIndexOf('@') is >= 0 and var at ? Address[(at + 1)..].ToLowerInvariant() : "";
}

/// <summary>An envelope and, once it has arrived, its content.</summary>
public sealed class ReceivedMessage(SessionFacts session, string reversePath, string parameters)
{
    private readonly List<ReceivedRecipient> _recipients = [];

    public SessionFacts Session => session;

    /// <summary>As written; empty for the null reverse-path.</summary>
    public string ReversePath => reversePath;

    /// <summary>The rest of the MAIL command, e.g. <c>SIZE=500 BODY=8BITMIME</c>.</summary>
    public string Parameters => parameters;

    /// <summary>The recipients that were accepted at RCPT.</summary>
    public IReadOnlyList<ReceivedRecipient> Recipients => _recipients;

    /// <summary>When the last octet of the content was here.</summary>
    public DateTimeOffset At { get; internal set; }

    /// <summary>Octets of the content, dot-stuffing undone, whether they were kept or not.</summary>
    public long Octets { get; internal set; }

    /// <summary>The content, or as much from its start as <see cref="ReceiverOptions.KeptOctets"/> allows.</summary>
    public ReadOnlyMemory<byte> Content { get; internal set; }

    /// <summary>The reply the client got; empty when it got none.</summary>
    public string Reply { get; internal set; } = "";

    /// <summary>The unfolded value of the first header field of that name, or null.</summary>
    public string? HeaderField(string name) => HeaderFields.Find(Content.Span, name);

    internal void Add(ReceivedRecipient recipient) => _recipients.Add(recipient);
}
