using System.Globalization;
using Waybill.Engine.Operating.Credentials;
using Waybill.Peers.Internet;
using Waybill.Web.Ui.Pages.Simulator;

namespace Waybill.Server.Demo;

/// <summary>Starts the simulated internet and the platform on it, submits sample mail over SMTP, and says where to look.</summary>
internal static class DemoRun
{
    private const string User = "demo";
    private const string Password = "demo-password";

    public static async Task<int> RunAsync(PlatformOptions options, CancellationToken cancellationToken)
    {
        await using var internet = await SimulatedInternet.StartAsync();
        options = options with
        {
            Http = options.Http ?? "127.0.0.1:8080",
            Smtp = options.Smtp ?? "127.0.0.1:2525",
            Smtps = options.Smtps ?? "127.0.0.1:4465",
            Resolver = options.Resolver ?? internet.DnsEndPoint.ToString(),
            Settings = new Dictionary<string, string?>
            {
                ["Waybill:Routing:SmtpPort"] = internet.SmtpPort.ToString(CultureInfo.InvariantCulture),
                ["Waybill:Submission:HostName"] = "mail.waybill.test",
                ["Waybill:Client:ClientName"] = "mail.waybill.test",

                // Soon enough to be watched; the schedule of a real installation begins with a minute.
                ["Waybill:Retry:Waits:0"] = "00:00:15",
                ["Waybill:Retry:Waits:1"] = "00:01:00",
                ["Waybill:Retry:Waits:2"] = "00:05:00",
                ["Waybill:Retry:Waits:3"] = "00:15:00",
            },
        };
        var platform = await Platform.BuildAsync(options, services => services.AddSingleton<ICaughtMail>(new CaughtInDemo(internet.Catcher)));
        await using var app = platform.App;
        await app.Services.GetRequiredService<ISmtpUsers>().SetAsync(User, Password, "The demo's user", cancellationToken);
        await platform.StartAsync();
        await DemoGuide.WriteAsync(platform, internet, User, Password, options.DataDirectory, cancellationToken);
        await SampleMail.SubmitAsync(platform.EndpointOf("smtp")!, User, Password, cancellationToken);
        await app.WaitForShutdownAsync(cancellationToken);
        return ExitCodes.Ok;
    }
}
