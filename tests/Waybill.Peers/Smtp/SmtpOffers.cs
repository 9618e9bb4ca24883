namespace Waybill.Peers.Smtp;

/// <summary>The extensions a receiver offers in its EHLO reply.</summary>
[Flags]
public enum SmtpOffers
{
    None = 0,
    Pipelining = 1,
    Size = 2,
    EightBitMime = 4,
    SmtpUtf8 = 8,
    Chunking = 16,
    Dsn = 32,
    StartTls = 64,
    EnhancedStatusCodes = 128,

    All = Pipelining | Size | EightBitMime | SmtpUtf8 | Chunking | Dsn | StartTls | EnhancedStatusCodes,
}

/// <summary>How a receiver's TLS handshake goes.</summary>
public enum TlsManner
{
    /// <summary>A handshake with a self-signed certificate.</summary>
    Works,

    /// <summary>220 to STARTTLS, then octets that are no TLS, then the end.</summary>
    BreaksHandshake,

    /// <summary>STARTTLS is offered and answered 454 (RFC 3207 §4).</summary>
    Refused,
}
