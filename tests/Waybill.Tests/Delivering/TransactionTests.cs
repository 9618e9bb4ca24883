using Waybill.Engine.Delivering.Client;
using Waybill.Engine.Recording;
using Waybill.Engine.Spooling;
using Waybill.Mail.Addressing;

namespace Waybill.Tests.Delivering;

public class TransactionTests
{
    private static readonly string[] Modern = ["PIPELINING", "SIZE 10000000", "8BITMIME", "SMTPUTF8", "DSN"];

    [Fact]
    public async Task The_final_reply_is_kept_word_for_word() // RFC 5321 §6.1
    {
        await using var peer = new ScriptedPeer(session =>
        {
            session.Answers["."] = "250-2.0.0 mx.example has it\n250 2.0.0 OK  1700 d2e1a72 - gsmtp";
            return ScriptedPeer.Accepting(Modern)(session);
        });

        var record = await Given.DeliverAsync(peer, Given.To("a@two.example"));

        var outcome = Assert.Single(record.Outcomes);
        Assert.Equal((EventKind.Delivered, "2.0.0"), (outcome.Kind, outcome.Status));
        Assert.Equal("250-2.0.0 mx.example has it\n250 2.0.0 OK  1700 d2e1a72 - gsmtp", outcome.Info);
        Assert.Null(outcome.NextAttemptAt);
    }

    [Theory] // RFC 5321 §4.5.2, RFC 2920, RFC 3030
    [InlineData("PIPELINING")]
    [InlineData("CHUNKING")]
    [InlineData("PIPELINING", "CHUNKING")]
    [InlineData]
    public async Task The_content_arrives_as_it_was_whatever_the_peer_offers(params string[] extensions)
    {
        await using var peer = new ScriptedPeer(ScriptedPeer.Accepting(extensions));

        var record = await Given.DeliverAsync(peer, Given.To("a@two.example"));

        Assert.Equal(EventKind.Delivered, record.Outcomes[0].Kind);
        var content = Assert.Single(peer.Journal, line => line.StartsWith("content:", StringComparison.Ordinal))["content:".Length..];
        var sent = extensions.Length == 2 ? content : content[..^3].Replace("\r\n.", "\r\n", StringComparison.Ordinal);
        Assert.Equal(Given.Text, sent);
    }

    [Fact]
    public async Task Each_recipient_gets_the_outcome_of_its_own_reply() // RFC 5321 §3.3
    {
        await using var peer = new ScriptedPeer(session =>
        {
            session.Answers["RCPT TO:<gone@"] = "550 5.1.1 no such user";
            session.Answers["RCPT TO:<grey@"] = "451 4.7.1 try again later";
            session.Answers["RCPT TO:<full@"] = "552 5.2.2 mailbox full";
            return ScriptedPeer.Accepting(Modern)(session);
        });

        var record = await Given.DeliverAsync(peer, Given.To("ok@two.example", "gone@two.example", "grey@two.example", "full@two.example"));

        Assert.Equal(
            [EventKind.Delivered, EventKind.HardBounced, EventKind.Deferred, EventKind.SoftBounced],
            record.Outcomes.Select(outcome => outcome.Kind));
        Assert.Equal("451 4.7.1 try again later", record.Outcomes[2].Info);
        Assert.InRange(record.Outcomes[2].NextAttemptAt!.Value - record.Outcomes[2].At, TimeSpan.FromSeconds(48), TimeSpan.FromSeconds(72));
    }

    [Theory]
    [InlineData("PIPELINING")]
    [InlineData]
    public async Task No_content_is_sent_when_every_recipient_is_refused(params string[] extensions) // RFC 2920 §3.1
    {
        await using var peer = new ScriptedPeer(session =>
        {
            session.Answers["RCPT"] = "550 5.1.1 no such user";
            return ScriptedPeer.Accepting(extensions)(session);
        });

        var record = await Given.DeliverAsync(peer, Given.To("a@two.example", "b@two.example"));

        Assert.All(record.Outcomes, outcome => Assert.Equal(EventKind.HardBounced, outcome.Kind));
        Assert.DoesNotContain(peer.Journal, line => line.Contains("Dear reader", StringComparison.Ordinal));
        // With PIPELINING this peer said 354 all the same, and got the lone dot it then waits for.
        Assert.Equal(extensions.Length, peer.Journal.Count(line => line == "content:.\r\n"));
        Assert.Equal(0, record.Attempt.SentOctets);
    }

    [Fact]
    public async Task A_refused_MAIL_decides_for_all_and_the_connection_stays_in_step()
    {
        await using var peer = new ScriptedPeer(session =>
        {
            session.Answers["MAIL FROM:<sender@"] = "550 5.7.1 sender not welcome";
            session.Answers["RCPT TO:<a@"] = "503 5.5.1 MAIL first";
            session.Answers["DATA"] = "503 5.5.1 MAIL first";
            return ScriptedPeer.Accepting(Modern)(session);
        });
        await using var connection = await Given.OpenAsync(peer);
        using var content = Given.Content(Given.Text);

        var record = await connection.SendAsync(Given.To("a@two.example"), content, null, TestContext.Current.CancellationToken);

        Assert.Equal((EventKind.SoftBounced, "550 5.7.1 sender not welcome"), (record.Outcomes[0].Kind, record.Outcomes[0].Info));
        Assert.True(connection.IsUsable);
    }

    [Theory]
    [InlineData("550 5.7.1 spam", EventKind.SoftBounced)]
    [InlineData("554 5.6.0 content", EventKind.SoftBounced)]
    [InlineData("451 4.3.0 later", EventKind.Deferred)]
    [InlineData("421 4.3.2 closing", EventKind.Deferred)]
    public async Task A_refusal_at_the_end_of_data_is_the_outcome(string reply, EventKind kind)
    {
        await using var peer = new ScriptedPeer(session =>
        {
            session.Answers["."] = reply;
            return ScriptedPeer.Accepting(Modern)(session);
        });

        var record = await Given.DeliverAsync(peer, Given.To("a@two.example"));

        Assert.Equal((kind, reply), (record.Outcomes[0].Kind, record.Outcomes[0].Info));
    }

    [Theory] // deliverability: connection cut after the final dot
    [InlineData("PIPELINING")]
    [InlineData("PIPELINING", "CHUNKING")]
    [InlineData]
    public async Task A_connection_cut_after_the_final_dot_is_outcome_unknown_and_tried_again(params string[] extensions)
    {
        await using var peer = new ScriptedPeer(session =>
        {
            session.Answers["."] = null;
            return ScriptedPeer.Accepting(extensions)(session);
        });

        var record = await Given.DeliverAsync(peer, Given.To("a@two.example"));

        Assert.Equal(EventKind.OutcomeUnknown, record.Outcomes[0].Kind);
        Assert.NotNull(record.Outcomes[0].NextAttemptAt);
        Assert.True(record.Outcomes[0].CountsAsAttempt);
    }

    [Theory]
    [InlineData("MAIL")]
    [InlineData("RCPT")]
    [InlineData("DATA")]
    public async Task A_connection_cut_before_the_dot_is_a_deferral(string command)
    {
        await using var peer = new ScriptedPeer(session =>
        {
            session.Answers[command] = null;
            return ScriptedPeer.Accepting()(session);
        });

        var record = await Given.DeliverAsync(peer, Given.To("a@two.example"));

        Assert.Equal((EventKind.Deferred, "4.4.2"), (record.Outcomes[0].Kind, record.Outcomes[0].Status));
        Assert.True(record.Outcomes[0].CountsAsAttempt);
    }

    [Theory] // RFC 5321 §3.8: the peer may close with 421 at any time
    [InlineData("MAIL")]
    [InlineData("RCPT")]
    [InlineData("DATA")]
    public async Task A_421_anywhere_ends_the_connection_and_defers(string command)
    {
        await using var peer = new ScriptedPeer(session =>
        {
            session.Answers[command] = "421 4.3.2 shutting down";
            return ScriptedPeer.Accepting(Modern)(session);
        });
        await using var connection = await Given.OpenAsync(peer);
        using var content = Given.Content(Given.Text);

        var record = await connection.SendAsync(Given.To("a@two.example", "b@two.example"), content, null, TestContext.Current.CancellationToken);

        Assert.All(record.Outcomes, outcome => Assert.Equal((EventKind.Deferred, "421 4.3.2 shutting down"), (outcome.Kind, outcome.Info)));
        Assert.False(connection.IsUsable);
    }

    [Theory] // Replies out of step: nothing can be concluded, and nothing is sent into the confusion.
    [InlineData("DATA", "250 2.0.0 ok")]
    [InlineData("RCPT", "354 go on")]
    [InlineData("MAIL", "354 go on")]
    public async Task A_reply_out_of_step_defers_and_ends_the_connection(string command, string reply)
    {
        await using var peer = new ScriptedPeer(session =>
        {
            session.Answers[command] = reply;
            return ScriptedPeer.Accepting(Modern)(session);
        });
        await using var connection = await Given.OpenAsync(peer);
        using var content = Given.Content(Given.Text);

        var record = await connection.SendAsync(Given.To("a@two.example"), content, null, TestContext.Current.CancellationToken);

        Assert.Equal((EventKind.Deferred, "4.5.0"), (record.Outcomes[0].Kind, record.Outcomes[0].Status));
        Assert.False(connection.IsUsable);
        Assert.DoesNotContain(peer.Journal, line => line.Contains("Dear reader", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_is_no_reply_defers()
    {
        await using var peer = new ScriptedPeer(session =>
        {
            session.Answers["MAIL"] = "HTTP/1.1 400 Bad Request";
            return ScriptedPeer.Accepting(Modern)(session);
        });

        var record = await Given.DeliverAsync(peer, Given.To("a@two.example"));

        Assert.Equal((EventKind.Deferred, "4.5.0"), (record.Outcomes[0].Kind, record.Outcomes[0].Status));
        Assert.Contains("HTTP/1.1 400", record.Outcomes[0].Info, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_message_over_the_peers_size_is_not_sent() // RFC 1870 §6.1
    {
        await using var peer = new ScriptedPeer(ScriptedPeer.Accepting("SIZE 30"));

        var record = await Given.DeliverAsync(peer, Given.To("a@two.example"));

        Assert.Equal((EventKind.SoftBounced, "5.3.4"), (record.Outcomes[0].Kind, record.Outcomes[0].Status));
        Assert.DoesNotContain(peer.Journal, line => line.StartsWith("MAIL", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Mail_that_needs_SMTPUTF8_bounces_5_6_7_where_it_is_not_offered() // RFC 6531 §3.6
    {
        await using var peer = new ScriptedPeer(ScriptedPeer.Accepting("PIPELINING"));

        var record = await Given.DeliverAsync(peer, Given.Recipients(Given.Envelope with { SmtpUtf8 = true }, Given.Recipient("müller@two.example")));

        Assert.Equal((EventKind.SoftBounced, "5.6.7"), (record.Outcomes[0].Kind, record.Outcomes[0].Status));
        Assert.DoesNotContain(peer.Journal, line => line.StartsWith("MAIL", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_the_peer_offers_is_used() // RFC 1870, 6152, 6531, 3461
    {
        await using var peer = new ScriptedPeer(ScriptedPeer.Accepting(Modern));
        var envelope = new Envelope(
            ReversePath.Of(Mailbox.Parse("sender@one.example")), BodyKind.EightBitMime, SmtpUtf8: true, DsnReturn.Headers, "QQ+1 =");
        var recipient = Given.Recipient("müller@two.example") with
        {
            Notify = DsnNotify.Success | DsnNotify.Failure,
            OriginalRecipient = "rfc822;a+b@two.example",
        };

        await Given.DeliverAsync(peer, Given.Recipients(envelope, recipient));

        Assert.Contains($"MAIL FROM:<sender@one.example> SIZE={Given.Text.Length} BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=QQ+2B1+20+3D", peer.Journal);
        Assert.Contains("RCPT TO:<müller@two.example> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;a+2Bb@two.example", peer.Journal);
    }

    [Fact]
    public async Task What_the_peer_does_not_offer_is_not_used()
    {
        await using var peer = new ScriptedPeer(ScriptedPeer.Accepting());
        var envelope = new Envelope(ReversePath.Null, BodyKind.EightBitMime, SmtpUtf8: false, DsnReturn.Full, "id");

        var record = await Given.DeliverAsync(peer, Given.Recipients(envelope, Given.Recipient("a@two.example") with { Notify = DsnNotify.Never }));

        Assert.Contains("MAIL FROM:<>", peer.Journal);
        Assert.Contains("RCPT TO:<a@two.example>", peer.Journal);
        Assert.Contains("Note: the server does not offer 8BITMIME: 8-bit content is sent as it is", Given.Said(record), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Recipients_over_the_limit_wait_for_the_next_transaction_and_are_due_at_once() // RFC 9422, RFC 5321 §4.5.3.1.10
    {
        await using var peer = new ScriptedPeer(ScriptedPeer.Accepting("PIPELINING", "LIMITS RCPTMAX=2"));

        var record = await Given.DeliverAsync(peer, Given.To("a@two.example", "b@two.example", "c@two.example"));

        Assert.Equal([EventKind.Delivered, EventKind.Delivered, EventKind.Deferred], record.Outcomes.Select(outcome => outcome.Kind));
        Assert.Equal((false, record.Outcomes[2].At), (record.Outcomes[2].CountsAsAttempt, record.Outcomes[2].NextAttemptAt));
    }

    [Fact]
    public async Task A_452_after_accepted_recipients_leaves_the_rest_for_the_next_transaction()
    {
        await using var peer = new ScriptedPeer(session =>
        {
            session.Answers["RCPT TO:<b@"] = "452 4.5.3 too many recipients";
            return ScriptedPeer.Accepting(Modern)(session);
        });

        var record = await Given.DeliverAsync(peer, Given.To("a@two.example", "b@two.example"));

        Assert.Equal((EventKind.Deferred, false), (record.Outcomes[1].Kind, record.Outcomes[1].CountsAsAttempt));
        Assert.Equal(EventKind.Delivered, record.Outcomes[0].Kind);
    }

    [Fact]
    public async Task Many_recipients_go_in_batches_in_one_transaction() // RFC 2920 §3.1
    {
        await using var peer = new ScriptedPeer(ScriptedPeer.Accepting(Modern));

        var record = await Given.DeliverAsync(
            peer, Given.To([.. Enumerable.Range(0, 130).Select(i => $"r{i}@two.example")]), options: new SmtpClientOptions { MaxRecipients = 1000 });

        Assert.All(record.Outcomes, outcome => Assert.Equal(EventKind.Delivered, outcome.Kind));
        Assert.Equal(130, peer.Journal.Count(line => line.StartsWith("RCPT", StringComparison.Ordinal)));
        Assert.Single(peer.Journal, "DATA");
    }

    [Fact]
    public async Task The_transcript_tells_the_whole_dialogue_without_the_content()
    {
        await using var peer = new ScriptedPeer(ScriptedPeer.Accepting("PIPELINING"));

        var record = await Given.DeliverAsync(peer, Given.To("a@two.example"));

        var said = Given.Said(record);
        Assert.Equal(
            $"""
            Note: MX two.example: 10 mx1.example
            Note: connecting to mx1.example at 127.0.0.1:{peer.Port}
            Note: connected from {record.Attempt.SourceAddress}
            Server: 220 mx.example ESMTP
            Client: EHLO out.one.example
            Server: 250-mx.example
            250 PIPELINING
            Client: MAIL FROM:<sender@one.example>
            Client: RCPT TO:<a@two.example>
            Client: DATA
            Server: 250 2.0.0 MAIL taken
            Server: 250 2.0.0 RCPT taken
            Server: 354 go on
            Client: [{Given.Text.Length} octets of content] .
            Server: 250 2.0.0 queued as 4Xy-1
            """.ReplaceLineEndings("\n"),
            said);
        Assert.Equal(("two.example", "mx1.example", $"127.0.0.1:{peer.Port}"), (record.Attempt.NextHop, record.Attempt.Host, record.Attempt.Address));
    }
}
