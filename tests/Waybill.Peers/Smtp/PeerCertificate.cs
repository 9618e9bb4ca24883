using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Waybill.Peers.Smtp;

/// <summary>Makes the self-signed certificates of the doubles.</summary>
public static class PeerCertificate
{
    /// <summary>A certificate for a host, valid from a day before the clock's now for ten years.</summary>
    public static X509Certificate2 SelfSigned(string host, TimeProvider clock)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={host}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(host);
        request.CertificateExtensions.Add(names.Build());
        var now = clock.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-1), now.AddYears(10));
    }
}
