using System.Globalization;
using System.Net;
using Waybill.Mail.Addressing;

namespace Waybill.Engine.Routing;

/// <summary>A host and a port as an operator writes them: <c>mx.example.com:25</c>, <c>192.0.2.1:25</c>, <c>[2001:db8::1]:25</c>.</summary>
public sealed record HostPort(string Host, int Port)
{
    /// <summary>The address, when the host is one.</summary>
    public IPAddress? Address => IPAddress.TryParse(Host, out var address) ? address : null;

    public static bool TryParse(string text, out HostPort hostPort)
    {
        hostPort = null!;
        var colon = text.LastIndexOf(':');
        if (colon <= 0
            || !int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            || port is < 1 or > 65535)
        {
            return false;
        }

        var host = text[..colon];
        if (host is ['[', .., ']'])
        {
            host = host[1..^1];
            if (!IPAddress.TryParse(host, out _))
            {
                return false;
            }
        }
        else if (IPAddress.TryParse(host, out var address))
        {
            // "2001:db8::1:25" would be read as a host and a port, and it could be neither.
            if (address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6)
            {
                return false;
            }
        }
        else if (DomainName.TryParse(host, out var name))
        {
            host = name.Ascii;
        }
        else
        {
            return false;
        }

        hostPort = new HostPort(host, port);
        return true;
    }

    public override string ToString() => Host.Contains(':') ? $"[{Host}]:{Port}" : $"{Host}:{Port}";
}
