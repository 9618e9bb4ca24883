using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Waybill.Server.Control;

/// <summary>The Unix socket in the data directory through which the command line speaks to the running server. Who may use it is who may use the directory.</summary>
internal static class ControlSocket
{
    // sockaddr_un holds 108 octets with the final zero.
    private const int MaxPathOctets = 107;

    public static string PathIn(string dataDirectory) => Path.Combine(Path.GetFullPath(dataDirectory), "control.sock");

    public static void Listen(KestrelServerOptions kestrel, string dataDirectory)
    {
        var path = PathIn(dataDirectory);
        if (OperatingSystem.IsWindows() || System.Text.Encoding.UTF8.GetByteCount(path) > MaxPathOctets)
        {
            kestrel.ApplicationServices.GetRequiredService<ILogger<Platform>>().NoControlSocket(path);
            return;
        }

        File.Delete(path); // Left behind by a process that was killed: the store's lock proves that none uses it.
        kestrel.ListenUnixSocket(path);
    }

    /// <summary>Opens a client to the server of a data directory; null when none answers.</summary>
    public static async Task<HttpClient?> ConnectAsync(string dataDirectory, CancellationToken cancellationToken)
    {
        var path = PathIn(dataDirectory);
        if (!File.Exists(path))
        {
            return null;
        }

        var client = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, token) =>
            {
                var socket = new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Unspecified);
                await socket.ConnectAsync(new System.Net.Sockets.UnixDomainSocketEndPoint(path), token);
                return new System.Net.Sockets.NetworkStream(socket, ownsSocket: true);
            },
        })
        {
            BaseAddress = new Uri("http://control/"),
        };
        try
        {
            (await client.GetAsync(new Uri("/health/live", UriKind.Relative), cancellationToken)).EnsureSuccessStatusCode();
            return client;
        }
        catch (HttpRequestException)
        {
            client.Dispose();
            return null;
        }
    }

    /// <summary>Whether a request came through the socket.</summary>
    public static bool Carries(HttpContext http) => http.Connection.RemoteIpAddress is null && http.Connection.LocalPort == 0;
}
