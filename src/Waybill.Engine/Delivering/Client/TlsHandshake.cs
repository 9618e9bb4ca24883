using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Waybill.Engine.Recording;

namespace Waybill.Engine.Delivering.Client;

/// <summary>One TLS handshake: what it asks, and what it agreed on.</summary>
internal sealed class TlsHandshake(string host, TlsPolicy policy)
{
    private string _subject = "";
    private string _issuer = "";
    private DateTimeOffset? _notAfter;
    private string _sha256 = "";
    private string? _problem = "no certificate was presented";

    /// <summary>Why the certificate does not prove the host's name; null when it does.</summary>
    public string? Problem => _problem;

    public SslClientAuthenticationOptions Options => new()
    {
        TargetHost = host,
        RemoteCertificateValidationCallback = Judge,
        CertificateChainPolicy = new X509ChainPolicy
        {
            // A certificate must not make this server fetch addresses of its own choosing, nor wait for them.
            DisableCertificateDownloads = true,
            RevocationMode = X509RevocationMode.NoCheck,
        },
    };

    public TlsFacts Facts(SslStream tls) => new(
        tls.SslProtocol.ToString() switch
        {
            "Tls13" => "TLS 1.3",
            "Tls12" => "TLS 1.2",
            var older => older,
        },
        tls.NegotiatedCipherSuite.ToString(),
        _subject,
        _issuer,
        _notAfter,
        _sha256,
        _problem);

    private bool Judge(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (certificate is X509Certificate2 shown)
        {
            (_subject, _issuer) = (shown.Subject, shown.Issuer);
            _notAfter = new DateTimeOffset(shown.NotAfter.ToUniversalTime(), TimeSpan.Zero);
            _sha256 = Convert.ToHexStringLower(shown.GetCertHash(HashAlgorithmName.SHA256));
            _problem = Describe(chain, errors);
        }

        return policy != TlsPolicy.RequireValid || _problem is null;
    }

    private static string? Describe(X509Chain? chain, SslPolicyErrors errors)
    {
        var problems = new List<string>();
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
        {
            problems.Add("it does not name the host");
        }

        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors))
        {
            problems.AddRange(chain is null || chain.ChainStatus.Length == 0
                ? ["its chain is not trusted"]
                : chain.ChainStatus.Select(status => status.StatusInformation.Trim()).Distinct());
        }

        return problems.Count == 0 ? null : string.Join("; ", problems);
    }
}
