using Microsoft.Playwright;
using Waybill.EndToEnd.Pages;
using Waybill.Engine.Recording;
using static Microsoft.Playwright.Assertions;

namespace Waybill.EndToEnd;

/// <summary>Takes pictures of the pages to look at: set WAYBILL_SCREENSHOTS to a directory.</summary>
public sealed class Screenshots(PagesHost host) : IClassFixture<PagesHost>
{
    private static readonly string? Target = Environment.GetEnvironmentVariable("WAYBILL_SCREENSHOTS");

    private static (RecipientTimeline Delivered, RecipientTimeline Deferred)? _filled;

    public static bool Wanted => Target is not null && PagesHost.HasBrowser;

    [Theory(Skip = "set WAYBILL_SCREENSHOTS to a directory", SkipUnless = nameof(Wanted))]
    [InlineData("desktop", 1440, 900, ColorScheme.Light)]
    [InlineData("desktop", 1440, 900, ColorScheme.Dark)]
    [InlineData("phone", 390, 844, ColorScheme.Light)]
    [InlineData("phone", 390, 844, ColorScheme.Dark)]
    public async Task Every_page_can_be_looked_at(string device, int width, int height, ColorScheme scheme)
    {
        var (delivered, deferred) = _filled ??= Fill();
        BrowserNewContextOptions options = new()
        {
            ViewportSize = new() { Width = width, Height = height },
            ColorScheme = scheme,
            DeviceScaleFactor = width < 500 ? 2 : 1,
            TimezoneId = "Europe/Berlin",
        };
        Directory.CreateDirectory(Target!);
        string Name(string page) => Path.Combine(Target!, $"{page}-{device}-{scheme.ToString().ToLowerInvariant()}.png");
        await using (var context = await host.Browser.NewContextAsync(options))
        {
            var door = await context.NewPageAsync();
            await door.GotoAsync(host.Address + "/sign-in");
            await door.ScreenshotAsync(new() { Path = Name("sign-in") });
        }

        var page = await host.SignedInAsync(options);
        await Expect(page.Locator(".row-link").First).ToBeVisibleAsync();
        await page.ScreenshotAsync(new() { Path = Name("activity") });

        await page.GotoAsync($"{host.Address}/message/{delivered.Row.EmailId}/0");
        await page.Locator(".attempt summary").Last.ClickAsync();
        await page.ScreenshotAsync(new() { Path = Name("timeline"), FullPage = true });
        await page.GotoAsync($"{host.Address}/message/{deferred.Row.EmailId}/0");
        await Expect(page.Locator(".rail .ahead")).ToBeVisibleAsync();
        await page.ScreenshotAsync(new() { Path = Name("deferred") });

        await page.GotoAsync($"{host.Address}/message/{delivered.Row.EmailId}/0?tab=details");
        await Expect(page.Locator(".sheet.headers")).ToBeVisibleAsync();
        await page.ScreenshotAsync(new() { Path = Name("details"), FullPage = true });
        await page.GotoAsync($"{host.Address}/message/{delivered.Row.EmailId}/0?tab=content");
        await Expect(page.FrameLocator("iframe.mail-frame").Locator("h1")).ToBeVisibleAsync();
        await page.ScreenshotAsync(new() { Path = Name("content") });

        await page.GotoAsync($"{host.Address}/reports/activity?status=deferred,hard-bounced&range=24h");
        await Expect(page.Locator(".row-link").First).ToBeVisibleAsync();
        await page.ClickAsync("summary:has-text('Status')");
        await page.ScreenshotAsync(new() { Path = Name("filters") });
        await page.GotoAsync($"{host.Address}/reports/activity?subject=nothing");
        await Expect(page.Locator(".empty")).ToBeVisibleAsync();
        await page.ScreenshotAsync(new() { Path = Name("empty") });
        await page.GotoAsync($"{host.Address}/sending/smtp-users");
        await page.FillAsync("input[name=name]", $"shop-{device}-{scheme}");
        await page.FillAsync("input[name=description]", "The web shop");
        await page.ClickAsync("text=Add SMTP user");
        await Expect(page.Locator("#new-password")).ToBeVisibleAsync();
        await page.ScreenshotAsync(new() { Path = Name("smtp-users") });
        await page.GotoAsync($"{host.Address}/operator/queue");
        await Expect(page.Locator(".row-link").First).ToBeVisibleAsync();
        await page.ClickAsync("td >> text=Cancel >> nth=0");
        await Expect(page.Locator(".mud-dialog")).ToBeVisibleAsync();
        await page.WaitForTimeoutAsync(400);
        await page.ScreenshotAsync(new() { Path = Name("queue") });
        await page.GotoAsync($"{host.Address}/simulator");
        await Expect(page.Locator(".row-link").First).ToBeVisibleAsync();
        await page.ScreenshotAsync(new() { Path = Name("caught") });
        await page.Context.DisposeAsync();
    }

    private (RecipientTimeline Delivered, RecipientTimeline Deferred) Fill()
    {
        (string Recipient, string Subject, RecipientStatus Status, int Attempts, string? Info)[] rows =
        [
            ("anna.lindqvist@gmail.example", "Your order 4711 has left our house", RecipientStatus.Delivered, 1, "250 2.0.0 OK  1763931802 a640c23a62f3a-b6e2d1f7a0bsi2146 - gsmtp"),
            ("jo@contoso.example", "Reset your password", RecipientStatus.Delivered, 1, "250 2.6.0 <4711@brightwater.example> [InternalId=72056494525, Hostname=DB9PR04MB.eurprd04.prod.example] 15320 bytes in 0.231, Queued mail for delivery"),
            ("marta@posteo.example", "Your order 4712 has left our house", RecipientStatus.Processed, 0, null),
            ("ops@harbour-logistics.example", "Invoice 2026-1187", RecipientStatus.Processed, 2, "451 4.7.1 Greylisted, please try again in 300 seconds"),
            ("no.such.person@gmail.example", "Welcome to Brightwater", RecipientStatus.HardBounced, 1, null),
            ("k.tanaka@nihon-print.example", "Ihre Bestellung / ご注文 4709", RecipientStatus.Delivered, 1, "250 2.0.0 Ok: queued as 4f7f4b3tWbzKy"),
            ("full@oldmail.example", "Invoice 2026-1186", RecipientStatus.SoftBounced, 6, "552 5.2.2 Mailbox full"),
            ("press@daily.example", "A very long subject line that goes on and on because somebody in marketing wanted every keyword in it", RecipientStatus.Rejected, 0, null),
            ("lee@example.org", "", RecipientStatus.Cancelled, 1, null),
        ];
        for (var i = 0; i < 60; i++)
        {
            var (recipient, subject, status, attempts, info) = rows[i % rows.Length];
            host.Mail.Add(recipient, subject, TimeSpan.FromSeconds(40 + (i * 97)), status, attempts: attempts, info: info, sender: i % 7 == 5 ? "" : "shop@brightwater.example");
        }

        const string html = """
            Received: from app7.brightwater.example (app7.brightwater.example [203.0.113.25])
             by mx.waybill.example with ESMTPSA id 01jd9zq4n8w2c; Mon, 23 Nov 2026 13:03:21 +0000
            From: Brightwater Shop <shop@brightwater.example>
            To: Anna Lindqvist <anna.lindqvist@gmail.example>
            Subject: Your order 4711 has left our house
            Date: Mon, 23 Nov 2026 14:03:21 +0100
            Message-ID: <order-4711.20261123@brightwater.example>
            List-Unsubscribe: <https://brightwater.example/u/4711>
            MIME-Version: 1.0
            Content-Type: multipart/mixed; boundary="x"

            --x
            Content-Type: multipart/alternative; boundary="y"

            --y
            Content-Type: text/plain; charset=utf-8

            Your order 4711 has left our house.
            --y
            Content-Type: text/html; charset=utf-8

            <div style="max-width:560px;margin:24px auto;font-family:Georgia,serif"><img src="http://pixel.example/a.gif">
            <h1 style="font-size:24px;color:#234">On its way</h1><p>Dear Anna,</p><p>your order <b>4711</b> has left our house and will be with you on Wednesday.</p>
            <p><a href="https://brightwater.example/track/4711" style="display:inline-block;padding:10px 18px;background:#234;color:#fff;border-radius:4px">Follow the parcel</a></p>
            <p style="color:#777;font-size:13px">Brightwater Shop, Quay 4, Harbour Town</p></div>
            --y--
            --x
            Content-Type: application/pdf; name="Invoice 2026-1187.pdf"
            Content-Disposition: attachment; filename="Invoice 2026-1187.pdf"
            Content-Transfer-Encoding: base64

            JVBERi0xLjQKJcOkw7zDtsOfCjIgMCBvYmoKPDwvTGVuZ3RoIDMgMCBSPj4Kc3RyZWFtCg==
            --x--
            """;
        var delivered = host.Mail.Add("anna.lindqvist@gmail.example", "Your order 4711 has left our house", TimeSpan.FromMinutes(20), attempts: 2, content: html,
            info: "250 2.0.0 OK  1763931802 a640c23a62f3a-b6e2d1f7a0bsi2146 - gsmtp");
        var other = host.Mail.Add("bo.lindqvist@gmail.example", "Your order 4711 has left our house", TimeSpan.FromMinutes(20.1), RecipientStatus.HardBounced);
        delivered = delivered with { Siblings = [other.Row] };
        host.Timeline.Set(delivered, announce: false);
        var deferred = host.Mail.Add("ops@harbour-logistics.example", "Invoice 2026-1187", TimeSpan.FromMinutes(21), RecipientStatus.Processed, attempts: 2);
        FillQueue();
        return (delivered, deferred);
    }

    private void FillQueue()
    {
        for (var i = 0; i < 12; i++)
        {
            var mail = host.Mail.Add($"waits{i}@harbour-logistics.example", "Waits", TimeSpan.FromDays(1), RecipientStatus.Processed, attempts: 1);
            host.Spool.Add(new(mail.Row.Id, mail.Row.EmailId, "harbour-logistics.example", mail.Row.DueAt!.Value + TimeSpan.FromMinutes(3 * i)));
        }
    }
}
