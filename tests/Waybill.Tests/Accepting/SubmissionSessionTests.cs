using System.Net;
using System.Text;
using Waybill.Engine.Accepting;
using Waybill.Engine.Operating.Credentials;
using Waybill.Mail.Smtp;

namespace Waybill.Tests.Accepting;

public sealed class SubmissionSessionTests
{
    private static readonly SubmissionPolicy Trusted = new() { TrustedNetworks = [IPNetwork.Parse("127.0.0.0/8")] };

    [Fact]
    public void Data_without_a_recipient_is_refused_503() =>
        Assert.Equal(503, Run(Greeted(), "MAIL FROM:<a@one.example>", "DATA").Code); // RFC 5321 §4.1.4

    [Fact]
    public void Mail_without_a_login_is_refused_530()
    {
        var session = Greeted(new SubmissionPolicy());

        Assert.Equal("530 5.7.0", Codes(Run(session, "MAIL FROM:<a@one.example>"))); // RFC 4954 §6
    }

    [Fact]
    public void A_login_is_not_offered_in_clear_where_the_listener_forbids_it()
    {
        var session = new SubmissionSession(new SubmissionOptions(), new SubmissionPolicy(), IPAddress.Parse("192.0.2.7"), null);

        var ehlo = Run(session, "EHLO client.example");
        var auth = Run(session, "AUTH PLAIN");

        Assert.DoesNotContain("AUTH", ehlo.Text, StringComparison.Ordinal);
        Assert.Equal("538 5.7.11", Codes(auth)); // RFC 4954 §6
    }

    [Fact]
    public void Ehlo_again_forgets_the_transaction() =>
        Assert.Equal(503, Run(Greeted(), "MAIL FROM:<a@one.example>", "RCPT TO:<b@two.example>", "EHLO again.example", "DATA").Code);

    [Fact]
    public void After_TLS_everything_said_in_clear_is_forgotten()
    {
        var session = Greeted();
        session.Authenticated(new SmtpUser("u", 1, "", default));

        session.TlsStarted("TLS 1.3");

        Assert.Null(session.User); // RFC 3207 §4.2
        Assert.Equal(503, Run(session, "MAIL FROM:<a@one.example>").Code);
    }

    [Fact]
    public void A_recipient_given_twice_gets_the_message_once()
    {
        var session = Greeted();

        Run(session, "MAIL FROM:<a@one.example>", "RCPT TO:<b@two.example>", "RCPT TO:<b@TWO.example>", "RCPT TO:<B@two.example>");

        Assert.Equal(["b@two.example", "B@two.example"], session.Transaction!.Recipients.Select(one => one.ForwardPath.ToString()));
    }

    [Theory]
    [InlineData("someone@anything.invalid")]
    [InlineData("someone@localhost")]
    public void A_domain_that_can_never_exist_is_refused_at_once(string recipient)
    {
        var session = Greeted();

        var reply = Run(session, "MAIL FROM:<a@one.example>", $"RCPT TO:<{recipient}>");

        Assert.Equal("550 5.1.2", Codes(reply)); // RFC 6761 §6
        Assert.Single(session.Transaction!.Refused);
    }

    [Fact]
    public void A_trusted_network_sends_only_where_it_may()
    {
        var session = Greeted(Trusted with { RelayDomains = [Waybill.Mail.Addressing.DomainName.Parse("here.example")] });

        Assert.Equal(250, Run(session, "MAIL FROM:<a@one.example>", "RCPT TO:<in@here.example>").Code);
        Assert.Equal("550 5.7.1", Codes(Run(session, "RCPT TO:<victim@elsewhere.example>")));
        Assert.Equal("550 5.7.1", Codes(Run(session, "RCPT TO:<\"in@here.example\"@elsewhere.example>")));
    }

    [Fact]
    public void One_recipient_too_many_is_put_off_and_the_others_stand()
    {
        var options = new SubmissionOptions { MaxRecipients = 100 };
        var session = Greeted(options: options);
        Run(session, "MAIL FROM:<a@one.example>");
        foreach (var number in Enumerable.Range(0, 100))
        {
            Assert.Equal(250, Run(session, $"RCPT TO:<r{number}@two.example>").Code);
        }

        Assert.Equal("452 4.5.3", Codes(Run(session, "RCPT TO:<one@toomany.example>"))); // RFC 5321 §4.5.3.1.10
        Assert.Equal(354, Run(session, "DATA").Code);
    }

    [Fact]
    public void Too_many_errors_close_the_session()
    {
        var session = Greeted(options: new SubmissionOptions { ErrorBudget = 3 });
        Run(session, "XYZZY", "XYZZY", "XYZZY");

        var reply = session.Apply(Parse("XYZZY"), out var step);

        Assert.Equal((421, SessionStep.Close), (reply.Code, step));
    }

    [Fact]
    public void A_browser_is_shown_the_door()
    {
        var session = new SubmissionSession(new SubmissionOptions(), Trusted, IPAddress.Loopback, null);

        var reply = session.Apply(Parse("POST / HTTP/1.1"), out var step);

        Assert.Equal((421, SessionStep.Close), (reply.Code, step));
    }

    [Fact]
    public void A_chunk_is_read_off_the_wire_even_when_it_is_refused()
    {
        var session = Greeted();

        session.Apply(Parse("BDAT 10 LAST"), out var step);

        Assert.Equal(SessionStep.Chunk, step); // RFC 3030 §2: the octets follow whatever we answer.
        Assert.Equal(503, session.MayTakeChunk()!.Code);
    }

    [Theory]
    [InlineData(null, false, "ESMTP")]
    [InlineData("TLS 1.3", false, "ESMTPS")]
    [InlineData("TLS 1.3", true, "ESMTPSA")]
    public void The_protocol_is_named_as_RFC_3848_names_it(string? tls, bool login, string expected)
    {
        var session = new SubmissionSession(new SubmissionOptions(), Trusted, IPAddress.Loopback, tls);
        Run(session, "EHLO client.example");
        if (login)
        {
            session.Authenticated(new SmtpUser("u", 1, "", default));
        }

        Assert.Equal(expected, session.Protocol);
    }

    private static SubmissionSession Greeted(SubmissionPolicy? policy = null, SubmissionOptions? options = null)
    {
        var session = new SubmissionSession(options ?? new SubmissionOptions(), policy ?? Trusted, IPAddress.Loopback, null);
        Run(session, "EHLO client.example");
        return session;
    }

    private static SmtpReply Run(SubmissionSession session, params string[] lines)
    {
        SmtpReply? reply = null;
        foreach (var line in lines)
        {
            reply = session.Apply(Parse(line), out _);
        }

        return reply!;
    }

    private static SmtpCommand Parse(string line) => SmtpCommandParser.Parse(Encoding.UTF8.GetBytes(line));

    private static string Codes(SmtpReply reply) => $"{reply.Code} {reply.Status}";
}
