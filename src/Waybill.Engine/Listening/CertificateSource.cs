using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;

namespace Waybill.Engine.Listening;

/// <summary>Gives the certificate of TLS handshakes: the configured one, read again when its file changes, else a self-signed one made at first start.</summary>
/// <remarks>A file that cannot be read any more leaves the last good certificate in use, and says so in the log.</remarks>
public sealed class CertificateSource(
    string dataDirectory,
    string hostName,
    string? certificatePath,
    string? keyPath,
    TimeProvider clock,
    ILogger<CertificateSource> logger) : IDisposable
{
    private static readonly TimeSpan CheckEvery = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private X509Certificate2? _current;
    private DateTime _stamp;
    private DateTimeOffset _checked;

    /// <summary>The certificate for a new handshake. Any thread.</summary>
    public X509Certificate2 Current
    {
        get
        {
            lock (_lock)
            {
                var now = clock.GetUtcNow();
                if (_current is null || now - _checked >= CheckEvery)
                {
                    _checked = now;
                    Refresh();
                }

                return _current!;
            }
        }
    }

    /// <summary>Reads or makes the certificate now, so that a fault is told at start.</summary>
    /// <exception cref="InvalidOperationException">The configured files do not hold a usable certificate; the message names them.</exception>
    public void EnsureLoaded() => _ = Current;

    public void Dispose() => _current?.Dispose();

    private void Refresh()
    {
        if (certificatePath is null)
        {
            _current ??= SelfSigned();
            return;
        }

        try
        {
            var stamp = File.GetLastWriteTimeUtc(certificatePath);
            if (_current is not null && stamp == _stamp)
            {
                return;
            }

            _current = Load(certificatePath, keyPath);
            _stamp = stamp;
            logger.CertificateLoaded(certificatePath, _current.NotAfter);
        }
        catch (Exception fault) when (fault is IOException or CryptographicException or UnauthorizedAccessException)
        {
            if (_current is null)
            {
                throw new InvalidOperationException(
                    $"Waybill:Listening:CertificatePath: no certificate with its key could be read from '{certificatePath}'"
                    + $"{(keyPath is null ? "" : $" and '{keyPath}'")}: {fault.Message} Give PEM files that the process may read.", fault);
            }

            logger.CertificateNotReloaded(certificatePath, fault.Message);
        }
    }

    private static X509Certificate2 Load(string path, string? keyPath)
    {
        using var pem = X509Certificate2.CreateFromPemFile(path, keyPath);

        // The round trip gives the key a form that every TLS stack takes.
        return X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null);
    }

    private X509Certificate2 SelfSigned()
    {
        var path = Path.Combine(dataDirectory, "self-signed.pfx");
        if (File.Exists(path))
        {
            var kept = X509CertificateLoader.LoadPkcs12FromFile(path, null);
            if (kept.NotAfter.ToUniversalTime() > clock.GetUtcNow().UtcDateTime.AddDays(7))
            {
                return kept;
            }
        }

        var octets = Make(hostName, clock.GetUtcNow());
        File.WriteAllBytes(path, octets);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        logger.CertificateMade(path);
        return X509CertificateLoader.LoadPkcs12(octets, null);
    }

    private static byte[] Make(string hostName, DateTimeOffset now)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={hostName}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(hostName);
        names.AddDnsName("localhost");
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddYears(2));
        return certificate.Export(X509ContentType.Pkcs12);
    }
}
