using System.Text;
using Waybill.EndToEnd.Harness;
using Waybill.Peers.Internet;

namespace Waybill.EndToEnd;

/// <summary>The whole server on a simulated internet: every way a delivery can end, and what the timeline says of it.</summary>
public sealed class Deliveries(Deliveries.Platform platform) : IClassFixture<Deliveries.Platform>
{
    [Theory]
    [InlineData("gmail.test")]
    [InlineData("outlook.test")]
    [InlineData("yahoo.test")]
    [InlineData("proofpoint.test")]
    [InlineData("postfix.test")]
    [InlineData("exim.test")]
    [InlineData("nomx.test")]
    [InlineData("notls.test")]
    [InlineData("any.rcpt.test")]
    public async Task Mail_is_delivered_and_the_confirmation_is_kept_word_for_word(string domain)
    {
        var mail = await platform.SendAsync("anyone@" + domain, "delivered");

        var caught = platform.Internet.Catcher.Latest(1_000).Single(one => one.MessageId == mail.MessageId);
        Assert.Equal(caught.Reply, mail.Last.Info);
        Assert.Equal(platform.Internet.ReceiverOf(domain == "any.rcpt.test" ? "*.rcpt.test" : domain).Manner.MxHost, mail.Last.Host);
        Assert.Equal(domain == "notls.test", mail.Last.Tls is null);
    }

    [Fact]
    public async Task A_greylisted_message_is_deferred_and_then_delivered()
    {
        var mail = await platform.SendAsync("greylist@postfix.test", "delivered");

        Assert.Equal("processed", mail.Events[0].Event);
        Assert.All(mail.Events.Skip(1).SkipLast(1), one => Assert.Equal("deferred", one.Event));
        Assert.Contains("Greylisted", mail.Events[1].Info, StringComparison.Ordinal);
        Assert.True(mail.Events[1].NextAttemptAt > mail.Events[1].Time);
    }

    [Theory]
    [InlineData("unknown@gmail.test", "hard-bounced", "550-5.1.1")]
    [InlineData("refuse@outlook.test", "hard-bounced", "550 5.")]
    [InlineData("unknown@exim.test", "hard-bounced", "550 Unrouteable address")]
    [InlineData("blocked@postfix.test", "soft-bounced", "554 5.7.1")]
    [InlineData("blocked@gmail.test", "soft-bounced", "550-5.7.")]
    [InlineData("someone@nullmx.test", "hard-bounced", "null MX")]
    [InlineData("someone@no-such-domain.test", "hard-bounced", "no-such-domain.test")]
    public async Task What_is_refused_for_good_bounces_at_once_with_the_words_of_the_refusal(string recipient, string status, string words)
    {
        var mail = await platform.SendAsync(recipient, status);

        Assert.Equal(["processed", status], mail.Kinds);
        Assert.Contains(words, mail.Last.Info, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("defer@yahoo.test", "4")]
    [InlineData("full@gmail.test", "4.2.2")]
    [InlineData("someone@refuses.test", "554 mx.refuses.test ESMTP Blocked")]
    [InlineData("someone@down.test", "refused")]
    [InlineData("someone@servfail.test", "DNS")]
    [InlineData("someone@timeout.test", "DNS")]
    public async Task What_fails_for_now_is_deferred_with_the_time_of_the_next_attempt(string recipient, string words)
    {
        var id = await Submit.AcceptedAsync(platform.Server.Trusted, "Deferred", recipient);

        var mail = await Trace.UntilAsync(platform.Server.Data, id, one => one.Kinds.Contains("deferred"), "is deferred");

        Assert.Equal("processed", mail.Status);
        Assert.Contains(words, mail.Events[1].Info, StringComparison.OrdinalIgnoreCase);
        Assert.NotNull(mail.Events[1].NextAttemptAt);
    }

    [Fact]
    public async Task A_connection_cut_after_the_dot_is_an_unknown_outcome_and_the_message_is_sent_again()
    {
        var mail = await platform.SendAsync("drop@postfix.test", "delivered");

        Assert.Equal(["processed", "outcome-unknown", "delivered"], mail.Kinds);
        Assert.Contains("may have taken the message", mail.Events[1].Info, StringComparison.Ordinal);
        Assert.Equal(2, platform.Internet.Catcher.Latest(1_000).Count(one => one.MessageId == mail.MessageId));
    }

    [Fact]
    public async Task A_silence_after_the_dot_is_an_unknown_outcome()
    {
        var id = await Submit.AcceptedAsync(platform.Server.Trusted, "Silence", "hang@noutf8.test");

        var mail = await Trace.UntilAsync(platform.Server.Data, id, one => one.Kinds.Contains("outcome-unknown"), "is unknown");

        Assert.Contains("After the final dot", mail.Events[1].Info, StringComparison.Ordinal);
        Assert.Equal(0, (await WaybillCommand.RunAsync("queue", "cancel", id, "--data", platform.Server.Data)).ExitCode);
    }

    [Fact]
    public async Task A_broken_TLS_handshake_falls_back_to_clear_text_and_the_transcript_says_so()
    {
        var mail = await platform.SendAsync("anyone@badtls.test", "delivered");
        var shown = await WaybillCommand.RunAsync("trace", mail.EmailId, "--data", platform.Server.Data);

        Assert.Null(mail.Last.Tls);
        Assert.Contains("STARTTLS", shown.Output, StringComparison.Ordinal);
        Assert.Contains("in clear", shown.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_backup_exchanger_takes_the_mail_when_the_first_is_down()
    {
        var mail = await platform.SendAsync("anyone@backup.test", "delivered");

        Assert.Equal(["processed", "delivered"], mail.Kinds);
        Assert.Equal("mx2.backup.test", mail.Last.Host);
    }

    [Fact]
    public async Task Recipients_of_one_message_each_have_their_own_end()
    {
        var recipients = new Dictionary<string, string>
        {
            ["anna@postfix.test"] = "delivered",
            ["unknown@postfix.test"] = "hard-bounced",
            ["greylist+many@postfix.test"] = "delivered",
            ["ben@exim.test"] = "delivered",
            ["someone@nullmx.test"] = "hard-bounced",
            ["unknown@gmail.test"] = "hard-bounced",
        };

        var id = await Submit.AcceptedAsync(platform.Server.Trusted, "Many ends", [.. recipients.Keys]);

        foreach (var (recipient, status) in recipients)
        {
            await Trace.UntilAsync(platform.Server.Data, id, mail => mail.Recipient == recipient && mail.Status == status, $"{recipient} is {status}");
        }

        Assert.Equal(recipients.Count, (await Trace.OfAsync(platform.Server.Data, id)).Count);
    }

    [Fact]
    public async Task Mail_that_needs_SMTPUTF8_bounces_where_it_is_not_offered_and_is_delivered_where_it_is()
    {
        var run = await WaybillCommand.RunAsync(
            "send", "--data", platform.Server.Data, "--from", "sender@shop.test", "--to", "größe@noutf8.test", "--to", "größe@postfix.test", "--subject", "Größe", "--text", "x");
        var id = Submit.IdIn(run.Output.Trim());

        var refused = await Trace.UntilAsync(platform.Server.Data, id, mail => mail.Recipient == "größe@noutf8.test" && mail.Status == "soft-bounced", "bounces");
        await Trace.UntilAsync(platform.Server.Data, id, mail => mail.Recipient == "größe@postfix.test" && mail.Status == "delivered", "is delivered");

        Assert.Contains("SMTPUTF8", refused.Last.Info, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_slow_destination_delays_no_other()
    {
        var slow = Enumerable.Range(0, 40).Select(number => Submit.AcceptedAsync(platform.Server.Trusted, "Slow", $"hang+{number}@slow.test"));
        var slowIds = await Task.WhenAll(slow);

        var quick = await platform.SendAsync("quick@proofpoint.test", "delivered");

        Assert.InRange(quick.Last.Time - quick.Events[0].Time, TimeSpan.Zero, TimeSpan.FromSeconds(1));
        Assert.DoesNotContain(await Trace.OfAsync(platform.Server.Data, slowIds[^1]), mail => mail.Status == "delivered");
        await WaybillCommand.RunAsync("queue", "cancel", "@slow.test", "--data", platform.Server.Data);
    }

    [Fact]
    public async Task A_bounce_message_goes_to_the_submitter_and_none_for_a_null_reverse_path()
    {
        var mail = await platform.SendAsync("unknown+told@postfix.test", "hard-bounced");
        var reply = await Submit.TryAsync(platform.Server.Trusted, "From nobody", ["unknown+untold@postfix.test"], from: "");
        await Trace.UntilStatusAsync(platform.Server.Data, Submit.IdIn(reply.Text), "hard-bounced");

        await Eventually.TrueAsync(
            () => platform.Internet.Catcher.Latest(1_000).Any(one => IsReportOf(one, "unknown+told@postfix.test")), TimeSpan.FromSeconds(20), "the bounce message arrives");
        var report = platform.Internet.Catcher.Latest(1_000).Single(one => IsReportOf(one, "unknown+told@postfix.test"));
        var text = Encoding.UTF8.GetString(report.Content.Span);
        Assert.Equal(("", "sender@shop.test"), (report.ReversePath, report.Recipients.Single()));
        foreach (var line in new[] { "Reporting-MTA: dns; mail.waybill.test", "Action: failed", "Status: 5.1.1", "Diagnostic-Code: smtp; 550 5.1.1", "report-type=delivery-status", mail.MessageId })
        {
            Assert.Contains(line, text, StringComparison.OrdinalIgnoreCase);
        }

        Assert.DoesNotContain(platform.Internet.Catcher.Latest(1_000), one => IsReportOf(one, "unknown+untold@postfix.test"));
    }

    private static bool IsReportOf(CaughtMail mail, string recipient) =>
        Encoding.UTF8.GetString(mail.Content.Span).Contains($"Final-Recipient: rfc822; {recipient}", StringComparison.OrdinalIgnoreCase);

    /// <summary>One internet and one server for all of these tests; each message has a recipient or a subject of its own.</summary>
    public sealed class Platform : IAsyncLifetime
    {
        private readonly TempDirectory _data = new();

        public SimulatedInternet Internet { get; private set; } = null!;

        internal ServerProcess Server { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            Internet = await SimulatedInternet.StartAsync(new InternetOptions
            {
                GreylistFor = TimeSpan.FromMilliseconds(500),
                SlowGreeting = TimeSpan.FromSeconds(2),
                HangFor = TimeSpan.FromMinutes(2),
            });
            Server = await ServerProcess.StartAsync(ServerSetup.Trusted(_data.Path)
                .With("--resolver", Internet.DnsEndPoint.ToString())
                .Set("Waybill:Routing:SmtpPort", $"{Internet.SmtpPort}")
                .Set("Waybill:Routing:DnsTimeout", "00:00:00.500")
                .Set("Waybill:Client:EndOfDataTimeout", "00:00:03"));
        }

        public async ValueTask DisposeAsync()
        {
            await Server.DisposeAsync();
            await Internet.DisposeAsync();
            _data.Dispose();
        }

        internal async Task<TracedMail> SendAsync(string recipient, string status)
        {
            var id = await Submit.AcceptedAsync(Server.Trusted, "To " + recipient, recipient);
            return await Trace.UntilStatusAsync(Server.Data, id, status);
        }
    }
}
