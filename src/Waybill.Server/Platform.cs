using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Options;
using Waybill.Engine.Listening;
using Waybill.Engine.Operating.People;
using Waybill.Engine.Spooling;
using Waybill.Server.Control;
using Waybill.Storage.Sqlite.Control;
using Waybill.Web;

namespace Waybill.Server;

/// <summary>The running platform: listeners, pages, control socket.</summary>
internal sealed class Platform
{
    private readonly List<(string Name, ListenOptions Bound)> _bound;

    private Platform(WebApplication app, List<(string Name, ListenOptions Bound)> bound) => (App, _bound) = (app, bound);

    public WebApplication App { get; }

    /// <summary>The login of the first administrator, when this start made it.</summary>
    public PersonLogin? FirstLogin { get; private set; }

    /// <summary>Builds the platform. Nothing listens yet.</summary>
    /// <exception cref="ConfigurationFault">The configuration is not valid.</exception>
    public static async Task<Platform> BuildAsync(PlatformOptions options, Action<IServiceCollection>? extra = null)
    {
        // Threads that wait for the disk or for SQLite are few but must not hold others up on a small machine.
        ThreadPool.SetMinThreads(Math.Max(8, Environment.ProcessorCount * 2), Math.Max(8, Environment.ProcessorCount));
        MakePrivate(options.DataDirectory);
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Configuration.Sources.Clear();
        builder.Configuration
            .AddJsonFile(Path.Combine(AppContext.BaseDirectory, "appsettings.json"), optional: true)
            .AddJsonFile(Path.Combine(Path.GetFullPath(options.DataDirectory), "appsettings.json"), optional: true)
            .AddEnvironmentVariables()
            .AddInMemoryCollection(options.AsConfiguration());
        Logs.Configure(builder.Logging, builder.Configuration);
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddWaybill(options.DataDirectory);
        builder.Services.AddSingleton<LocalSubmission>();
        builder.Services.AddTelemetry(builder.Configuration);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(40));
        builder.Services.Configure<SocketTransportOptions>(sockets =>
        {
            // A session never blocks its thread, so a hop to another one for each read would only cost.
            sockets.UnsafePreferInlineScheduling = true;
            sockets.Backlog = 4_096;
        });
        var listening = builder.Configuration.GetSection(ListeningOptions.Section).Get<ListeningOptions>() ?? new ListeningOptions();
        var listeners = Listeners.Of(options, listening);
        OwnIdentity.Tell(builder.Services, listeners);
        extra?.Invoke(builder.Services);
        var http = PlatformOptions.Endpoint("--http", options.Http ?? builder.Configuration["Waybill:Web:Http"] ?? "127.0.0.1:8080");
        var bound = new List<(string Name, ListenOptions Bound)>();
        builder.WebHost.ConfigureKestrel(kestrel => Bind(kestrel, options, http, listeners, bound));
        var platform = new Platform(builder.Build(), bound);
        platform.App.Services.GetRequiredService<IStartupValidator>().Validate();
        platform.Map();
        await platform.PrepareAsync();
        return platform;
    }

    /// <summary>Starts listening and says so in one line on standard output.</summary>
    public async Task StartAsync()
    {
        await App.StartAsync();
        var line = new StringBuilder("ready");
        foreach (var (name, bound) in _bound)
        {
            line.Append(' ').Append(name).Append('=').Append(bound.IPEndPoint);
        }

        Console.WriteLine(line);
        await Console.Out.FlushAsync();
    }

    /// <summary>Where a listener is bound; null when there is none of that name.</summary>
    public IPEndPoint? EndpointOf(string name) =>
        _bound.Find(one => one.Name == name).Bound?.IPEndPoint;

    private static void Bind(
        KestrelServerOptions kestrel, PlatformOptions options, IPEndPoint http, IReadOnlyList<SmtpListener> listeners, List<(string Name, ListenOptions Bound)> bound)
    {
        // The store's lock first: without it the data directory, and the control socket in it, belong to somebody else.
        kestrel.ApplicationServices.GetRequiredService<ISpool>();
        kestrel.AddServerHeader = false;
        kestrel.Listen(http, web => bound.Add(("http", web)));
        foreach (var listener in listeners)
        {
            if (listener.Optional && !MayBind(listener.Endpoint))
            {
                kestrel.ApplicationServices.GetRequiredService<ILogger<Platform>>().ListenerSkipped(listener.Endpoint.ToString());
                continue;
            }

            bound.Add((listener.Name, kestrel.ListenSmtp(listener)));
        }

        ControlSocket.Listen(kestrel, options.DataDirectory);
    }

    private void Map()
    {
        Telemetry.PublishGauges(App.Services);
        App.MapHealth();
        App.MapControl();
        App.MapWaybillWeb();
    }

    private async Task PrepareAsync()
    {
        await App.Services.MigrateControlPlaneAsync();
        App.Services.GetRequiredService<CertificateSource>().EnsureLoaded();
        FirstLogin = await App.Services.GetRequiredService<IPeople>().EnsureFirstAdministratorAsync("admin@localhost", CancellationToken.None);
    }

    // Mail lies in here: a directory that this process makes is for its own user only.
    private static void MakePrivate(string directory)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(directory);
        }
        else
        {
            Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    private static bool MayBind(IPEndPoint endpoint)
    {
        try
        {
            using var probe = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            probe.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            probe.Bind(endpoint);
            return true;
        }
        catch (SocketException fault) when (fault.SocketErrorCode == SocketError.AccessDenied)
        {
            return false;
        }
        catch (SocketException)
        {
            return true; // Taken: Kestrel says so, with the address.
        }
    }
}
