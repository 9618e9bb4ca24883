using Microsoft.Playwright;
using Waybill.EndToEnd.Harness;
using Waybill.EndToEnd.Pages;
using static Microsoft.Playwright.Assertions;

namespace Waybill.EndToEnd;

/// <summary>The pages of the running server: what a newcomer sees in the demo, with mail that was really delivered.</summary>
public sealed class PagesOfTheServer
{
    private static readonly LocatorAssertionsToHaveTextOptions Patient = new() { Timeout = 30_000 };

    [Fact(Skip = "needs Chromium at /usr/bin/chromium", SkipUnless = nameof(PagesHost.HasBrowser), SkipType = typeof(PagesHost))]
    public async Task A_newcomer_signs_in_watches_mail_arrive_and_reads_the_receivers_own_words()
    {
        using var data = new TempDirectory();
        await using var server = await ServerProcess.StartAsync(new ServerSetup(data.Path)
        {
            Verb = "demo",
            Options = ["--smtp", "127.0.0.1:0", "--smtps", "127.0.0.1:0"],
        });
        using var playwright = await Playwright.CreateAsync();
        await using var browser = await PagesHost.LaunchAsync(playwright);
        var page = await SignedInAsync(browser, server, data.Path);
        await Trace.UntilStatusAsync(data.Path, "anna@gmail.test", "delivered");

        // The list, and a message that arrives while it is open.
        await Expect(page.Locator("tr:has-text('anna@gmail.test')")).ToContainTextAsync("Delivered", new() { Timeout = 30_000 });
        var sent = await WaybillCommand.RunAsync("send", "--data", data.Path, "--from", "orders@shop.test", "--to", "late@exim.test", "--subject", "Arrives while you look");
        Assert.Equal(0, sent.ExitCode);
        await Expect(page.Locator("tr:has-text('late@exim.test')")).ToContainTextAsync("Delivered", new() { Timeout = 30_000 });

        // The message: the receiver's confirmation, word for word, and the dialogue behind it.
        await page.GotoAsync($"http://{server["http"]}/reports/activity?recipient=anna@gmail.test");
        await page.ClickAsync("tr:has-text('anna@gmail.test') td.c-subject", new() { Force = true });
        await Expect(page.Locator(".headline")).ToContainTextAsync("Accepted by gmail-smtp-in.l.google.com", new() { Timeout = 30_000 });
        var traced = await Trace.UntilStatusAsync(data.Path, "anna@gmail.test", "delivered");
        await Expect(page.Locator(".rail .info").Last).ToContainTextAsync("gsmtp");
        Assert.Contains("gsmtp", traced.ToString()!, StringComparison.Ordinal);

        // What the simulated receiver took in.
        await page.GotoAsync($"http://{server["http"]}/simulator");
        await Expect(page.Locator("h1")).ToHaveTextAsync("Caught mail", Patient);
        await Expect(page.Locator("tr:has-text('anna@gmail.test')").First).ToContainTextAsync("Your receipt for order 4711", new() { Timeout = 30_000 });
    }

    private static async Task<IPage> SignedInAsync(IBrowser browser, ServerProcess server, string data)
    {
        var login = await File.ReadAllLinesAsync(Path.Combine(data, "first-login.txt"), TestContext.Current.CancellationToken);
        var context = await browser.NewContextAsync();
        context.SetDefaultTimeout(30_000);
        var page = await context.NewPageAsync();
        await page.GotoAsync($"http://{server["http"]}/reports/activity");
        await page.FillAsync("#email", login[0]);
        await page.FillAsync("#password", login[1]);
        await page.ClickAsync("button.primary");
        await Expect(page.Locator("h1")).ToHaveTextAsync("Activity", Patient);
        return page;
    }
}
