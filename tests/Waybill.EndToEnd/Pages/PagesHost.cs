using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Playwright;
using Waybill.Engine.Operating.People;
using Waybill.Engine.Recording;
using Waybill.Engine.Spooling;
using Waybill.Storage.Sqlite.Control;
using Waybill.Web;
using Waybill.Web.Ui.Pages.Simulator;

namespace Waybill.EndToEnd.Pages;

/// <summary>The pages on a real server with mail in memory, and a browser beside them.</summary>
public sealed class PagesHost : IAsyncLifetime
{
    public const string Chromium = "/usr/bin/chromium";

    private readonly string _data = Directory.CreateTempSubdirectory("waybill-pages-").FullName;
    private WebApplication? _app;
    private IPlaywright? _playwright;

    internal RememberedTimeline Timeline { get; private set; } = null!;

    internal RememberedContent Contents { get; } = new();

    internal RememberedSpool Spool { get; } = new();

    internal SampleMail Mail { get; private set; } = null!;

    public IBrowser Browser { get; private set; } = null!;

    public PersonLogin Login { get; private set; } = null!;

    public string Address { get; private set; } = "";

    public IEnumerable<RouteEndpoint> Endpoints => _app!.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>();

    public static bool HasBrowser => File.Exists(Chromium);

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().AddConsole().SetMinimumLevel(LogLevel.Warning);
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var feed = new LiveFeed();
        Timeline = new RememberedTimeline(feed);
        Mail = new SampleMail(Timeline, Contents, TimeProvider.System.GetUtcNow());
        builder.Services.AddSingleton(feed);
        builder.Services.AddSingleton<ITimeline>(Timeline);
        builder.Services.AddSingleton<IContentStore>(Contents);
        builder.Services.AddSingleton<ISpool>(Spool);
        builder.Services.AddSingleton<ICaughtMail>(new RememberedCatch());
        builder.Services.AddSqliteControlPlane(_data);
        builder.Services.AddWaybillWeb();

        _app = builder.Build();
        await _app.Services.MigrateControlPlaneAsync();
        Login = (await _app.Services.GetRequiredService<IPeople>().EnsureFirstAdministratorAsync("admin@brightwater.example", default))!;
        _app.MapWaybillWeb();
        await _app.StartAsync();
        Address = _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();

        if (HasBrowser)
        {
            _playwright = await Playwright.CreateAsync();
            Browser = await LaunchAsync(_playwright);
        }
    }

    /// <summary>Starts Debian's Chromium, and nothing of it that would speak to the network by itself.</summary>
    public static Task<IBrowser> LaunchAsync(IPlaywright playwright) => playwright.Chromium.LaunchAsync(new()
    {
        ExecutablePath = Chromium,
        Args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
    });

    /// <summary>A page of somebody who has signed in.</summary>
    public async Task<IPage> SignedInAsync(BrowserNewContextOptions? options = null)
    {
        options ??= new BrowserNewContextOptions();
        options.TimezoneId ??= "Europe/Berlin";
        var context = await Browser.NewContextAsync(options);
        context.SetDefaultTimeout(15_000);
        var page = await context.NewPageAsync();
        await page.GotoAsync(Address + "/sign-in");
        await page.FillAsync("#email", Login.Email);
        await page.FillAsync("#password", Login.Password);
        await page.ClickAsync("button.primary");
        await page.WaitForURLAsync("**/reports/activity");
        return page;
    }

    public async ValueTask DisposeAsync()
    {
        if (_playwright is not null)
        {
            await Browser.DisposeAsync();
            _playwright.Dispose();
        }

        if (_app is not null)
        {
            await _app.DisposeAsync();
        }

        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        Directory.Delete(_data, recursive: true);
    }
}
