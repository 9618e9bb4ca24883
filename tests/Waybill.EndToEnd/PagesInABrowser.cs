using Waybill.EndToEnd.Pages;
using Waybill.Engine.Recording;
using static Microsoft.Playwright.Assertions;

namespace Waybill.EndToEnd;

/// <summary>What a support person does with the pages, in a real browser.</summary>
public sealed class PagesInABrowser(PagesHost host) : IClassFixture<PagesHost>
{
    private const string NoBrowser = "needs Chromium at /usr/bin/chromium";

    [Fact(Skip = NoBrowser, SkipUnless = nameof(PagesHost.HasBrowser), SkipType = typeof(PagesHost))]
    public async Task A_wrong_password_is_refused_without_saying_what_was_wrong()
    {
        await using var context = await host.Browser.NewContextAsync();
        var page = await context.NewPageAsync();
        await page.GotoAsync(host.Address + "/reports/activity");
        await Expect(page).ToHaveURLAsync(new System.Text.RegularExpressions.Regex("/sign-in"));

        await page.FillAsync("#email", "nobody@brightwater.example");
        await page.FillAsync("#password", "wrong password");
        await page.ClickAsync("button.primary");
        var unknown = await page.Locator("[role=alert]").TextContentAsync();
        await page.FillAsync("#email", host.Login.Email);
        await page.FillAsync("#password", "wrong password");
        await page.ClickAsync("button.primary");

        await Expect(page.Locator("[role=alert]")).ToHaveTextAsync(unknown!);
        await Expect(page).ToHaveURLAsync(new System.Text.RegularExpressions.Regex("/sign-in"));
    }

    [Fact(Skip = NoBrowser, SkipUnless = nameof(PagesHost.HasBrowser), SkipType = typeof(PagesHost))]
    public async Task Signing_in_leads_to_where_one_wanted_to_go_and_signing_out_shuts_the_door()
    {
        await using var context = await host.Browser.NewContextAsync();
        var page = await context.NewPageAsync();
        await page.GotoAsync(host.Address + "/sending/smtp-users");
        await page.FillAsync("#email", host.Login.Email);
        await page.FillAsync("#password", host.Login.Password);
        await page.ClickAsync("button.primary");
        await Expect(page.Locator("h1")).ToHaveTextAsync("SMTP users");

        await page.ClickAsync("summary[aria-label=Account]");
        await page.ClickAsync("text=Sign out");

        await Expect(page).ToHaveURLAsync(host.Address + "/sign-in");
        await page.GotoAsync(host.Address + "/sending/smtp-users");
        await Expect(page.Locator("h1")).ToHaveTextAsync("Sign in");
    }

    [Fact(Skip = NoBrowser, SkipUnless = nameof(PagesHost.HasBrowser), SkipType = typeof(PagesHost))]
    public async Task A_filter_stands_in_the_address_and_a_sent_address_shows_the_same()
    {
        host.Mail.Add("filtered@one.example", "For the filter", TimeSpan.FromMinutes(1));
        host.Mail.Add("other@two.example", "Not for the filter", TimeSpan.FromMinutes(2));
        var page = await host.SignedInAsync();

        await page.ClickAsync("summary:has-text('Recipient')");
        await page.FillAsync("input[name=Recipient]", "filtered@one.example");
        await page.Keyboard.PressAsync("Enter");

        await Expect(page).ToHaveURLAsync(host.Address + "/reports/activity?recipient=filtered@one.example");
        await Expect(page.Locator(".row-link")).ToHaveTextAsync(["filtered@one.example"]);
        await page.ReloadAsync();
        await Expect(page.Locator(".row-link")).ToHaveTextAsync(["filtered@one.example"]);
        await page.ClickAsync("[aria-label='Remove the filter Recipient']");
        await Expect(page).ToHaveURLAsync(host.Address + "/reports/activity");
    }

    [Fact(Skip = NoBrowser, SkipUnless = nameof(PagesHost.HasBrowser), SkipType = typeof(PagesHost))]
    public async Task A_row_opens_the_message_and_its_attempt_unfolds_into_the_dialogue()
    {
        host.Mail.Add("opened@one.example", "To be opened", TimeSpan.FromMinutes(1));
        var page = await host.SignedInAsync();

        await page.ClickAsync("tr:has-text('opened@one.example') td.c-subject", new() { Force = true });

        await Expect(page.Locator(".headline")).ToContainTextAsync("Accepted by mx1.one.example");
        await Expect(page.Locator(".rail .info").Last).ToContainTextAsync(SampleMail.Reply);
        await Expect(page.Locator(".dialogue")).ToBeHiddenAsync();
        await page.ClickAsync(".attempt summary");
        await Expect(page.Locator(".dialogue .line.c").First).ToContainTextAsync("EHLO out1.waybill.example");
        await Expect(page.Locator(".dialogue .line.s").Last).ToContainTextAsync(SampleMail.Reply);
    }

    [Fact(Skip = NoBrowser, SkipUnless = nameof(PagesHost.HasBrowser), SkipType = typeof(PagesHost))]
    public async Task A_new_row_appears_by_itself_and_waits_while_the_reader_has_scrolled()
    {
        for (var i = 0; i < 120; i++)
        {
            host.Mail.Add($"filler{i}@many.example", $"Filler {i}", TimeSpan.FromMinutes(30 + i));
        }

        var page = await host.SignedInAsync(new() { ViewportSize = new() { Width = 1200, Height = 600 } });
        await Expect(page.Locator(".row-link").First).ToBeVisibleAsync();

        host.Mail.Add("live@one.example", "Just now", TimeSpan.Zero, announce: true);
        await Expect(page.Locator(".row-link").First).ToHaveTextAsync("live@one.example");

        await page.Mouse.WheelAsync(0, 800);
        await page.WaitForFunctionAsync("scrollY > 300");
        host.Mail.Add("later@one.example", "While scrolled", TimeSpan.Zero, announce: true);
        await Expect(page.Locator(".newer")).ToHaveTextAsync("1 new");
        await Expect(page.Locator(".row-link").First).ToHaveTextAsync("live@one.example");
        await page.ClickAsync(".newer button");
        await Expect(page.Locator(".row-link").First).ToHaveTextAsync("later@one.example");
    }

    [Fact(Skip = NoBrowser, SkipUnless = nameof(PagesHost.HasBrowser), SkipType = typeof(PagesHost))]
    public async Task An_open_message_shows_what_happens_to_it()
    {
        var waiting = host.Mail.Add("watched@one.example", "Watched", TimeSpan.FromMinutes(1), RecipientStatus.Processed, attempts: 1);
        var page = await host.SignedInAsync();
        await page.GotoAsync($"{host.Address}/message/{waiting.Row.EmailId}/0");
        await Expect(page.Locator(".headline")).ToContainTextAsync("Deferred after one attempt");
        await Expect(page.Locator(".rail .ahead")).ToContainTextAsync("Attempt 2 is due");

        host.Timeline.Set(waiting with
        {
            Row = waiting.Row with { Status = RecipientStatus.Delivered, DueAt = null },
            Events = [.. waiting.Events, new TimelineEvent { Kind = EventKind.Delivered, At = waiting.Row.AcceptedAt.AddMinutes(1), Info = "250 2.0.0 Ok: queued as LATER1" }],
        });

        await Expect(page.Locator(".headline")).ToContainTextAsync("Accepted by");
        await Expect(page.Locator(".rail .info").Last).ToContainTextAsync("LATER1");
        await Expect(page.Locator(".rail .ahead")).ToHaveCountAsync(0);
    }

    [Fact(Skip = NoBrowser, SkipUnless = nameof(PagesHost.HasBrowser), SkipType = typeof(PagesHost))]
    public async Task The_keyboard_is_enough()
    {
        for (var i = 0; i < 3; i++)
        {
            host.Mail.Add($"key{i}@keys.example", $"Key {i}", TimeSpan.FromMinutes(i + 1));
        }

        var page = await host.SignedInAsync();
        await page.GotoAsync(host.Address + "/reports/activity?recipient=@keys.example");
        await Expect(page.Locator(".row-link")).ToHaveCountAsync(3);

        await page.Keyboard.PressAsync("j");
        await page.Keyboard.PressAsync("j");
        await page.Keyboard.PressAsync("j");
        await page.Keyboard.PressAsync("k");
        await Expect(page.Locator(".row-link:focus")).ToHaveTextAsync("key1@keys.example");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("h1")).ToHaveTextAsync("Key 1");

        await page.Keyboard.PressAsync("g");
        await page.Keyboard.PressAsync("a");
        await Expect(page.Locator("h1")).ToHaveTextAsync("Activity");
        await page.Keyboard.PressAsync("/");
        await Expect(page.Locator("#search")).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("Escape");
        await page.Keyboard.PressAsync("?");
        await Expect(page.Locator("#help")).ToBeVisibleAsync();
    }

    [Fact(Skip = NoBrowser, SkipUnless = nameof(PagesHost.HasBrowser), SkipType = typeof(PagesHost))]
    public async Task A_pasted_reply_leads_straight_to_its_message()
    {
        host.Mail.Add("traced@one.example", "Traced", TimeSpan.FromMinutes(1), info: "250 2.0.0 Ok: queued as UNIQUE7731X");
        var page = await host.SignedInAsync();

        await page.FillAsync("#search", "they say: 250 2.0.0 Ok: queued as UNIQUE7731X");
        await page.Keyboard.PressAsync("Enter");

        await Expect(page.Locator("h1")).ToHaveTextAsync("Traced");
    }

    [Fact(Skip = NoBrowser, SkipUnless = nameof(PagesHost.HasBrowser), SkipType = typeof(PagesHost))]
    public async Task No_script_of_a_mail_runs_and_nothing_is_loaded_from_elsewhere()
    {
        const string hostile = """
            Subject: <script>top.hacked = 1</script>
            From: a@b.example
            MIME-Version: 1.0
            Content-Type: text/html; charset=utf-8

            <p class="harmless">Dear customer</p>
            <script>top.document.title = 'hacked'</script><img src=x onerror="top.document.title='hacked'">
            <img src="http://elsewhere.invalid/pixel.gif"><a href="javascript:top.document.title='hacked'">Click</a>
            <style>body { background: url(http://elsewhere.invalid/style.png) }</style>
            <form action="http://elsewhere.invalid/"><input name="password"></form><iframe src="http://elsewhere.invalid/"></iframe>
            <svg onload="top.document.title='hacked'"></svg><meta http-equiv="refresh" content="0;url=http://elsewhere.invalid/">
            """;
        var mail = host.Mail.Add("hostile@one.example", "<script>document.title = 'hacked'</script>", TimeSpan.FromMinutes(1), content: hostile,
            info: "250 <img src=x onerror=\"document.title='hacked'\">");
        var page = await host.SignedInAsync();
        List<string> elsewhere = [];
        page.Request += (_, request) => elsewhere.AddRange(request.Url.StartsWith(host.Address, StringComparison.Ordinal) ? [] : [request.Url]);

        await page.GotoAsync($"{host.Address}/message/{mail.Row.EmailId}/0");
        await Expect(page.Locator(".rail .info").Last).ToContainTextAsync("<img src=x");
        await page.ClickAsync(".tabs >> text=Content");
        var body = page.FrameLocator("iframe.mail-frame");
        await Expect(body.Locator("p").First).ToHaveTextAsync("Dear customer");
        await body.Locator("text=Click").ClickAsync();
        await page.WaitForTimeoutAsync(300);

        Assert.NotEqual("hacked", await page.TitleAsync());
        await Expect(body.Locator("script, form, input, iframe, svg, meta[http-equiv]")).ToHaveCountAsync(0);
        Assert.DoesNotContain(elsewhere, url => !url.StartsWith("data:", StringComparison.Ordinal) && !url.StartsWith("about:", StringComparison.Ordinal));
        await page.GotoAsync($"{host.Address}/message/{mail.Row.EmailId}/0/body");
        Assert.NotEqual("hacked", await page.TitleAsync());
    }

    [Fact(Skip = NoBrowser, SkipUnless = nameof(PagesHost.HasBrowser), SkipType = typeof(PagesHost))]
    public async Task An_smtp_users_password_is_shown_once()
    {
        var page = await host.SignedInAsync();
        await page.GotoAsync(host.Address + "/sending/smtp-users");
        await page.FillAsync("input[name=name]", "printer");
        await page.ClickAsync("text=Add SMTP user");

        await Expect(page.Locator("#new-password")).ToHaveTextAsync(new System.Text.RegularExpressions.Regex("^[a-z2-9]{24}$"));
        await page.ReloadAsync();
        await Expect(page.Locator("td code")).ToHaveTextAsync(["printer"]);
        await Expect(page.Locator("#new-password")).ToHaveCountAsync(0);

        await page.ClickAsync("text=Remove");
        await page.ClickAsync(".mud-dialog >> text=Remove >> nth=-1");
        await Expect(page.Locator(".empty h2")).ToHaveTextAsync("No SMTP users yet");
    }

    [Fact(Skip = NoBrowser, SkipUnless = nameof(PagesHost.HasBrowser), SkipType = typeof(PagesHost))]
    public async Task The_chosen_theme_is_remembered_and_the_browser_reports_no_fault()
    {
        var page = await host.SignedInAsync();
        List<string> faults = [];
        page.Console += (_, message) => faults.AddRange(message.Type is "error" or "warning" ? [message.Text] : []);
        page.PageError += (_, fault) => faults.Add(fault);

        await page.ClickAsync("summary[aria-label='Light or dark']");
        await page.ClickAsync("text=Dark");
        await Expect(page.Locator("html")).ToHaveAttributeAsync("data-theme", "dark");
        await page.ReloadAsync();

        await Expect(page.Locator("html")).ToHaveAttributeAsync("data-theme", "dark");
        await Expect(page.Locator(".page-head h1")).ToHaveTextAsync("Activity");
        await page.GotoAsync(host.Address + "/simulator/2");
        await Expect(page.FrameLocator("iframe.mail-frame").Locator("h1")).ToContainTextAsync("order 4711");
        Assert.Empty(faults);
    }

    [Fact(Skip = NoBrowser, SkipUnless = nameof(PagesHost.HasBrowser), SkipType = typeof(PagesHost))]
    public async Task A_waiting_mail_can_be_tried_now_or_given_up()
    {
        var mail = host.Mail.Add("waits@one.example", "Waits", TimeSpan.FromMinutes(1), RecipientStatus.Processed, attempts: 1);
        host.Spool.Add(new(mail.Row.Id, mail.Row.EmailId, "one.example", mail.Row.DueAt!.Value));
        var page = await host.SignedInAsync();
        await page.ClickAsync("text=Queue");
        await Expect(page.Locator(".page-head")).ToContainTextAsync("One recipient waits");

        await page.ClickAsync("text=Retry now");
        await Expect(page.Locator(".mud-snackbar")).ToContainTextAsync("due now");
        await page.ClickAsync("td >> text=Cancel");
        await page.ClickAsync(".mud-dialog >> text=Cancel the delivery >> nth=-1");

        await Expect(page.Locator(".empty h2")).ToHaveTextAsync("Nothing waits");
        Assert.Equal(["retry 1", "cancel 1: Cancelled by an operator"], host.Spool.Journal);
    }

    [Fact(Skip = NoBrowser, SkipUnless = nameof(PagesHost.HasBrowser), SkipType = typeof(PagesHost))]
    public async Task The_file_of_a_filter_holds_what_the_filter_finds()
    {
        host.Mail.Add("csv@file.example", "=1+1", TimeSpan.FromMinutes(1));
        var page = await host.SignedInAsync();

        var answer = await page.APIRequest.GetAsync(host.Address + "/reports/activity.csv?recipient=@file.example");
        var lines = (await answer.TextAsync()).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);

        Assert.Equal(2, lines.Length);
        Assert.Contains(",Delivered,csv@file.example,shop@brightwater.example,'=1+1,", lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public void Only_the_door_and_the_styles_are_open_to_strangers()
    {
        var open = host.Endpoints
            .Where(endpoint => endpoint.Metadata.GetMetadata<Microsoft.AspNetCore.Authorization.IAllowAnonymous>() is not null
                || endpoint.Metadata.GetMetadata<Microsoft.AspNetCore.Authorization.IAuthorizeData>() is null)
            .Select(endpoint => endpoint.RoutePattern.RawText)
            .Distinct();

        Assert.Equal(["/_assets/{hash}/{name}", "/sign-in"], open.Order(StringComparer.Ordinal));
    }
}
