using System.Net;
using System.Text;
using Waybill.Mail.Smtp;
using Waybill.Peers.Dns;
using Waybill.Peers.Internet;
using Waybill.Peers.Smtp;

namespace Waybill.Tests.Peers;

public sealed class SimulatedInternetTests : IAsyncLifetime
{
    private static readonly byte[] Content = "Subject: hello\r\nMessage-ID: <1@sender.test>\r\n\r\nbody\r\n"u8.ToArray();

    private SimulatedInternet _internet = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _internet = await SimulatedInternet.StartAsync(new InternetOptions
    {
        GreylistFor = TimeSpan.FromMilliseconds(50),
        SlowGreeting = TimeSpan.FromMilliseconds(200),
        HangFor = TimeSpan.FromMilliseconds(200),
        BounceAfter = TimeSpan.FromMilliseconds(50),
        ComplainAfter = TimeSpan.FromMilliseconds(50),
    });

    public ValueTask DisposeAsync() => _internet.DisposeAsync();

    [Theory]
    [InlineData("gmail.test", "google")]
    [InlineData("outlook.test", "microsoft365")]
    [InlineData("yahoo.test", "yahoo")]
    [InlineData("proofpoint.test", "proofpoint")]
    [InlineData("postfix.test", "postfix")]
    [InlineData("exim.test", "exim")]
    public async Task A_receiver_speaks_in_its_true_form(string domain, string receiver)
    {
        var host = _internet.Zone.Answer(new DnsQuestion(domain, DnsType.Mx)).Answers.Select(r => r.Data).OfType<DnsData.Exchange>().Single().Host;
        await using var client = await PlainClient.ConnectAsync(HostOf(domain), Stop);

        var banner = await client.ReadReplyAsync(Stop);
        var ehlo = await client.SayAsync("EHLO client.test", Stop);
        await client.SayAsync("MAIL FROM:<a@sender.test>", Stop);
        await client.SayAsync($"RCPT TO:<someone@{domain}>", Stop);
        await client.SayAsync("DATA", Stop);
        var confirmation = await client.SendContentAsync(Content, Stop);

        var family = _internet.ReceiverOf(domain).Manner.Family;
        Assert.Contains(ReceiverForms.Banners(receiver), p => p.IsMatch(banner.Text));
        Assert.Contains(ReceiverForms.Confirmations(family), p => p.IsMatch(confirmation.Text));
        AssertAnyMatch(ReceiverForms.MxHosts(receiver), host);
        AssertAnyMatch(ReceiverForms.Ehlos(receiver), ehlo.Text.Split('\n')[0][4..]);
        var caught = _internet.Catcher.Latest(1).Single();
        Assert.Equal((domain, confirmation.Text, "hello", (long)Content.Length), (caught.Domain, caught.Reply, caught.Subject, caught.Octets));
    }

    [Theory]
    [InlineData("gmail.test")]
    [InlineData("outlook.test")]
    [InlineData("proofpoint.test")]
    [InlineData("postfix.test")]
    [InlineData("exim.test")]
    public void Every_confirmation_has_an_id_of_its_own(string domain)
    {
        var manner = _internet.ReceiverOf(domain).Manner;
        var message = new ReceivedMessage(new SessionFacts(1, new IPEndPoint(IPAddress.Loopback, 1)), "a@sender.test", "");

        var replies = Enumerable.Range(0, 2_000).Select(_ => manner.Confirm(message)).ToHashSet();

        Assert.Equal(2_000, replies.Count);
        Assert.All(replies, reply => Assert.Contains(ReceiverForms.Confirmations(manner.Family), p => p.IsMatch(reply)));
    }

    [Theory]
    [InlineData("unknown@gmail.test", 550, "5.1.1")]
    [InlineData("refuse+tag@postfix.test", 550, "5.1.1")]
    [InlineData("unknown@proofpoint.test", 550, "5.1.1")]
    [InlineData("unknown@outlook.test", 550, "5.1.10")]
    [InlineData("unknown@exim.test", 550, null)]
    [InlineData("full@gmail.test", 452, "4.2.2")]
    [InlineData("full@postfix.test", 452, "4.2.2")]
    [InlineData("defer@postfix.test", 451, "4.3.5")]
    [InlineData("defer@yahoo.test", 421, "4.7.0")]
    [InlineData("blocked@outlook.test", 550, "5.7.606")]
    [InlineData("blocked@gmail.test", 550, "5.7.1")]
    [InlineData("blocked@postfix.test", 554, "5.7.1")]
    public async Task The_local_part_decides(string address, int code, string? status)
    {
        var reply = await SubmitAsync(address);

        Assert.Equal((code, status), (reply.Code, reply.Status?.ToString()));
        Assert.Equal(0, _internet.Catcher.Count);
    }

    [Fact]
    public async Task Greylist_takes_the_second_attempt()
    {
        var first = await SubmitAsync("greylist@postfix.test");
        await Task.Delay(TimeSpan.FromMilliseconds(80), TimeProvider.System, Stop);
        var second = await SubmitAsync("greylist@postfix.test");

        Assert.Equal((450, 250), (first.Code, second.Code));
    }

    [Fact]
    public async Task Drop_keeps_the_message_and_says_nothing()
    {
        var first = await Record.ExceptionAsync(() => SubmitAsync("drop@gmail.test"));
        var second = await SubmitAsync("drop@gmail.test");

        Assert.IsType<EndOfStreamException>(first);
        Assert.Equal(250, second.Code);
        Assert.Equal([second.Text, ""], _internet.Catcher.Latest(10).Select(m => m.Reply));
    }

    [Fact]
    public async Task Hang_ends_without_a_word() =>
        Assert.IsType<EndOfStreamException>(await Record.ExceptionAsync(() => SubmitAsync("hang@exim.test")));

    [Theory]
    [InlineData("bounce@postfix.test", "report-type=delivery-status", "Final-Recipient: rfc822; bounce@postfix.test")]
    [InlineData("complain@yahoo.test", "report-type=feedback-report", "Feedback-Type: abuse")]
    public async Task What_was_accepted_comes_back(string address, string type, string field)
    {
        var caught = new TaskCompletionSource<CaughtMail>(TaskCreationOptions.RunContinuationsAsynchronously);
        _internet.Catcher.Caught += mail => _ = mail.Domain == "sender.test" && caught.TrySetResult(mail);

        await SubmitAsync(address);
        var back = await caught.Task.WaitAsync(TimeSpan.FromSeconds(10), Stop);

        var text = Encoding.UTF8.GetString(back.Content.Span);
        Assert.Equal(("", "a@sender.test"), (back.ReversePath, back.Recipients.Single()));
        Assert.Contains(type, text, StringComparison.Ordinal);
        Assert.Contains(field, text, StringComparison.Ordinal);
        Assert.Contains("Message-ID: <1@sender.test>", text, StringComparison.Ordinal);
        Assert.DoesNotContain("\n", text.Replace("\r\n", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Mail_from_the_null_reverse_path_is_never_bounced() // RFC 5321 §4.5.5
    {
        await SubmitAsync("bounce@postfix.test", reversePath: "");
        await SubmitAsync("bounce@postfix.test");
        while (_internet.Returns.Count == 0)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, Stop);
        }

        Assert.Equal("a@sender.test", Assert.Single(_internet.Returns).To);
    }

    [Fact]
    public async Task Domains_behave_as_their_names_say()
    {
        var refused = await SubmitAsync("a@refuses.test");
        var slow = await SubmitAsync("a@slow.test");
        var noMx = await SubmitAsync("a@nomx.test");
        await using var client = await PlainClient.ConnectAsync(HostOf("badtls.test"), Stop);
        await client.ReadReplyAsync(Stop);
        await client.SayAsync("EHLO client.test", Stop);
        var tls = await Record.ExceptionAsync(() => client.StartTlsAsync("mx.badtls.test", Stop));
        await using var utf8 = await PlainClient.ConnectAsync(HostOf("noutf8.test"), Stop);
        await utf8.ReadReplyAsync(Stop);
        var ehlo = await utf8.SayAsync("EHLO client.test", Stop);

        Assert.Equal((554, 250, 250), (refused.Code, slow.Code, noMx.Code));
        Assert.NotNull(tls);
        Assert.DoesNotContain("SMTPUTF8", ehlo.Text, StringComparison.Ordinal);
        Assert.Empty(_internet.Zone.MailHosts("nullmx.test"));
        Assert.Equal(DnsCode.NoSuchName, _internet.Zone.Answer(new DnsQuestion("any-other.test", DnsType.Mx)).Code);
        await Assert.ThrowsAnyAsync<System.Net.Sockets.SocketException>(() => SubmitAsync("a@down.test"));
    }

    [Fact]
    public async Task Every_domain_of_the_catalogue_is_known()
    {
        foreach (var domain in _internet.Domains.Where(d => d.Receiver is not null))
        {
            Assert.Contains(domain.Name, _internet.ReceiverOf(domain.Name).Domains);
            Assert.NotEmpty(_internet.Zone.MailHosts(domain.Name));
        }

        Assert.Equal(250, (await SubmitAsync("user@d42.rcpt.test")).Code);
    }

    [Fact]
    public void The_oldest_mail_is_forgotten_first()
    {
        var catcher = new MailCatcher(keptMessages: 3, keptOctets: 1_000);
        var message = new ReceivedMessage(new SessionFacts(1, new IPEndPoint(IPAddress.Loopback, 1)), "a@sender.test", "");
        message.Add(new ReceivedRecipient("b@one.test", ""));

        for (var i = 0; i < 5; i++)
        {
            catcher.Add("Test", message, "250 ok");
        }

        Assert.Equal([5, 4, 3], catcher.Latest(10).Select(m => m.Id));
        Assert.Equal([4, 3], catcher.Latest(10, olderThan: 5).Select(m => m.Id));
        Assert.Null(catcher.Find(2));
    }

    private static void AssertAnyMatch(IReadOnlyList<System.Text.RegularExpressions.Regex> patterns, string text) =>
        Assert.True(patterns.Count == 0 || patterns.Any(p => p.IsMatch(text)), text);

    private IPEndPoint HostOf(string domain) => new(_internet.Zone.MailHosts(domain)[^1], _internet.SmtpPort);

    private async Task<PeerReply> SubmitAsync(string address, string reversePath = "a@sender.test")
    {
        await using var client = await PlainClient.ConnectAsync(HostOf(address[(address.LastIndexOf('@') + 1)..]), Stop);
        return await client.SubmitAsync(reversePath, [address], Content, Stop);
    }
}
