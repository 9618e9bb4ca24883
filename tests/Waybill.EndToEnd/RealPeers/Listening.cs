using System.Net;
using System.Net.Sockets;
using Waybill.EndToEnd.Harness;

namespace Waybill.EndToEnd.RealPeers;

/// <summary>Waits for a peer to accept connections.</summary>
internal static class Listening
{
    public static Task AtAsync(IPEndPoint endpoint) => Eventually.TrueAsync(
        async () =>
        {
            using var probe = new TcpClient();
            try
            {
                await probe.ConnectAsync(endpoint, TestContext.Current.CancellationToken);
                return true;
            }
            catch (SocketException)
            {
                return false;
            }
        },
        TimeSpan.FromSeconds(20),
        $"a peer listens on {endpoint}");

    public static IPEndPoint FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return (IPEndPoint)probe.LocalEndpoint;
    }
}
