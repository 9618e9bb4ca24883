namespace Waybill.Peers.Dns;

/// <summary>The record types that mail asks for (RFC 1035 §3.2.2, RFC 3596, RFC 6891); another number is passed through as it is.</summary>
public enum DnsType
{
    None = 0,
    A = 1,
    Ns = 2,
    Cname = 5,
    Soa = 6,
    Ptr = 12,
    Mx = 15,
    Txt = 16,
    Aaaa = 28,
    Opt = 41,
    Tlsa = 52,
    Any = 255,
}

/// <summary>The response codes the simulated server gives (RFC 1035 §4.1.1).</summary>
public enum DnsCode
{
    NoError = 0,
    FormatError = 1,
    ServerFailure = 2,
    NoSuchName = 3,
    NotImplemented = 4,
    Refused = 5,
}
