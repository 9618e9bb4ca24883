using System.Globalization;

namespace Waybill.Mail.Smtp;

/// <summary>What a server offers in its reply to EHLO (RFC 5321 §4.1.1.1).</summary>
public sealed record PeerExtensions
{
    /// <summary>A server that knows only HELO.</summary>
    public static readonly PeerExtensions None = new();

    public bool StartTls { get; init; }

    public bool Pipelining { get; init; }

    public bool EightBitMime { get; init; }

    public bool SmtpUtf8 { get; init; }

    public bool Chunking { get; init; }

    public bool Dsn { get; init; }

    /// <summary>Whether SIZE is offered at all (RFC 1870).</summary>
    public bool Size { get; init; }

    /// <summary>The largest message taken, in octets; null when the server names no limit.</summary>
    public long? MaxSizeOctets { get; init; }

    /// <summary>Recipients of a transaction, by the RCPTMAX of LIMITS (RFC 9422); null when the server names none.</summary>
    public int? MaxRecipients { get; init; }

    /// <summary>Transactions of a connection, by the MAILMAX of LIMITS (RFC 9422); null when the server names none.</summary>
    public int? MaxTransactions { get; init; }

    /// <summary>Reads a positive reply to EHLO. Its first line is the server's name and is passed over.</summary>
    public static PeerExtensions Parse(PeerReply ehlo)
    {
        var offered = None;
        var isFirst = true;
        foreach (var range in ehlo.Text.AsSpan().Split('\n'))
        {
            var line = ehlo.Text.AsSpan(range);
            if (!isFirst && line.Length > 4)
            {
                offered = offered.With(line[4..].Trim());
            }

            isFirst = false;
        }

        return offered;
    }

    private PeerExtensions With(ReadOnlySpan<char> line)
    {
        var end = line.IndexOf(' ');
        var keyword = end < 0 ? line : line[..end];
        var value = end < 0 ? "" : line[(end + 1)..];
        Span<char> upper = stackalloc char[16];
        if (keyword.ToUpperInvariant(upper) < 0)
        {
            return this;
        }

        return upper[..keyword.Length] switch
        {
            "STARTTLS" => this with { StartTls = true },
            "PIPELINING" => this with { Pipelining = true },
            "8BITMIME" => this with { EightBitMime = true },
            "SMTPUTF8" => this with { SmtpUtf8 = true },
            "CHUNKING" => this with { Chunking = true },
            "DSN" => this with { Dsn = true },
            "SIZE" => this with { Size = true, MaxSizeOctets = ReadSize(value) },
            "LIMITS" => WithLimits(value),
            _ => this,
        };
    }

    // RFC 1870 §4: zero means that no fixed limit is in force.
    private static long? ReadSize(ReadOnlySpan<char> value) =>
        long.TryParse(value.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var octets) && octets > 0 ? octets : null;

    private PeerExtensions WithLimits(ReadOnlySpan<char> value)
    {
        var result = this;
        foreach (var range in value.Split(' '))
        {
            var limit = value[range];
            var equals = limit.IndexOf('=');
            if (equals > 0
                && int.TryParse(limit[(equals + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                && number > 0)
            {
                result = limit[..equals] switch
                {
                    "RCPTMAX" => result with { MaxRecipients = number },
                    "MAILMAX" => result with { MaxTransactions = number },
                    _ => result,
                };
            }
        }

        return result;
    }
}
