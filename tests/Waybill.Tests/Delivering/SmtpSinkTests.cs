using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Waybill.Engine.Delivering.Client;
using Waybill.Engine.Recording;

namespace Waybill.Tests.Delivering;

/// <summary>The client against Postfix's smtp-sink: a peer that was not written by the same hand. Skipped where it is not installed.</summary>
public class SmtpSinkTests
{
    private static readonly string[] Places = ["/usr/sbin/smtp-sink", "/usr/lib/postfix/sbin/smtp-sink", "/usr/local/sbin/smtp-sink"];

    [Theory]
    [InlineData("")]
    [InlineData("-8")] // no 8BITMIME
    [InlineData("-p")] // no PIPELINING
    [InlineData("-e")] // no ESMTP
    public async Task A_connection_carries_message_after_message(string option)
    {
        var program = Places.FirstOrDefault(File.Exists);
        Assert.SkipWhen(program is null, "smtp-sink is not installed (Debian: postfix)");
        var port = FreePort();
        using var sink = Process.Start(new ProcessStartInfo(program!, Arguments(option, port)))!;
        try
        {
            await using var connection = await OpenAsync(port);
            for (var i = 0; i < 20; i++)
            {
                using var content = Given.Content(Given.Text);
                var record = await connection.SendAsync(Given.To("a@two.example", "b@two.example"), content, null, TestContext.Current.CancellationToken);
                Assert.All(record.Outcomes, outcome => Assert.Equal((EventKind.Delivered, "250 2.0.0 Ok"), (outcome.Kind, outcome.Info)));
                Assert.True(connection.IsUsable);
            }
        }
        finally
        {
            sink.Kill();
            await sink.WaitForExitAsync(CancellationToken.None);
        }
    }

    private static string[] Arguments(string option, int port)
    {
        string[] user = Environment.UserName == "root" ? ["-u", "nobody"] : [];
        string[] options = option.Length > 0 ? [option] : [];
        return [.. user, .. options, string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}"), "100"];
    }

    private static async Task<SmtpClientConnection> OpenAsync(int port)
    {
        for (var i = 0; ; i++)
        {
            var result = await Given.Connector().OpenAsync(Given.Route(port), TestContext.Current.CancellationToken);
            if (result is OpenResult.Opened opened)
            {
                return opened.Connection;
            }

            Assert.True(i < 100, "smtp-sink did not start");
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, TestContext.Current.CancellationToken);
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
