using Waybill.Engine.Delivering.Client;
using Waybill.Engine.Recording;
using Waybill.Engine.Spooling;

namespace Waybill.Tests.Delivering;

public class KeptConnectionTests
{
    [Fact]
    public async Task One_connection_carries_many_messages_and_each_transcript_repeats_the_opening()
    {
        await using var peer = new ScriptedPeer(ScriptedPeer.Accepting("PIPELINING", "CHUNKING"));
        await using var connection = await Given.OpenAsync(peer);

        await SendAsync(connection, "a@two.example");
        var second = await SendAsync(connection, "b@two.example");

        Assert.Equal((1, 2), (peer.Connections, connection.MessagesCarried));
        Assert.Equal(1, second.Attempt.MessagesBefore);
        Assert.All(second.Attempt.Dialogue.TakeWhile(line => line.Text[0] != 'M' || line.Speaker == Speaker.Note), line => Assert.True(line.Milliseconds <= 0));
        var said = Given.Said(second);
        Assert.Contains("Server: 220 mx.example ESMTP", said, StringComparison.Ordinal);
        Assert.Contains("RCPT TO:<b@two.example>", said, StringComparison.Ordinal);
        Assert.DoesNotContain("a@two.example", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_transaction_left_half_way_is_reset_before_the_next_in_the_same_write() // RFC 5321 §4.1.1.5
    {
        await using var peer = new ScriptedPeer(session =>
        {
            session.Answers["RCPT TO:<gone@"] = "550 5.1.1 no such user";
            session.Answers["DATA"] = "503 5.5.1 no recipients";
            return Once(session, ScriptedPeer.Accepting("PIPELINING"));
        });
        await using var connection = await Given.OpenAsync(peer);

        await SendAsync(connection, "gone@two.example");
        await SendAsync(connection, "b@two.example");

        var commands = peer.Journal.Where(line => line.StartsWith("MAIL", StringComparison.Ordinal) || line == "RSET").ToList();
        Assert.Equal(["MAIL FROM:<sender@one.example>", "RSET", "MAIL FROM:<sender@one.example>"], commands);

        static Task Once(PeerSession session, Func<PeerSession, Task> script) => script(session);
    }

    [Fact]
    public async Task A_connection_the_peer_has_left_is_not_usable()
    {
        var leave = new TaskCompletionSource();
        await using var peer = new ScriptedPeer(async session =>
        {
            await session.SayAsync("220 mx.example");
            await session.HearAsync();
            await session.SayAsync("250 mx.example");
            await leave.Task;
            await session.SayAsync("421 4.4.2 idle for too long");
        });
        await using var connection = await Given.OpenAsync(peer);
        var before = connection.IsUsable;

        leave.SetResult();
        await WaitUntilAsync(() => !connection.IsUsable);

        Assert.True(before);
        Assert.False(connection.IsUsable);
    }

    [Fact]
    public async Task A_kept_connection_that_breaks_before_an_answer_costs_the_message_nothing()
    {
        await using var peer = new ScriptedPeer(async session =>
        {
            session.Answers["MAIL FROM:<second@"] = null;
            await ScriptedPeer.Accepting("PIPELINING")(session);
        });
        await using var connection = await Given.OpenAsync(peer);
        await SendAsync(connection, "a@two.example");
        using var content = Given.Content(Given.Text);
        var envelope = new Envelope(Waybill.Mail.Addressing.ReversePath.Of(Waybill.Mail.Addressing.Mailbox.Parse("second@one.example")));

        var record = await connection.SendAsync(
            Given.Recipients(envelope, Given.Recipient("b@two.example")), content, null, TestContext.Current.CancellationToken);

        Assert.Equal((EventKind.Deferred, false), (record.Outcomes[0].Kind, record.Outcomes[0].CountsAsAttempt));
        Assert.Equal(record.Outcomes[0].At, record.Outcomes[0].NextAttemptAt);
    }

    [Fact]
    public async Task The_peers_limit_of_transactions_ends_the_use() // RFC 9422 MAILMAX
    {
        await using var peer = new ScriptedPeer(ScriptedPeer.Accepting("PIPELINING", "LIMITS MAILMAX=1"));
        await using var connection = await Given.OpenAsync(peer);

        await SendAsync(connection, "a@two.example");

        Assert.False(connection.IsUsable);
    }

    [Fact]
    public async Task Closing_says_QUIT() // RFC 5321 §4.1.1.10
    {
        await using var peer = new ScriptedPeer(ScriptedPeer.Accepting());

        await Given.DeliverAsync(peer, Given.To("a@two.example"));

        Assert.Equal("QUIT", peer.Journal.Last());
    }

    [Fact]
    public async Task The_watch_hears_of_the_dot_before_the_answer_and_only_of_accepted_recipients()
    {
        await using var peer = new ScriptedPeer(session =>
        {
            session.Answers["RCPT TO:<gone@"] = "550 5.1.1 no such user";
            return ScriptedPeer.Accepting("PIPELINING")(session);
        });
        var watch = new Watch();

        await Given.DeliverAsync(peer, Given.To("a@two.example", "gone@two.example"), watch: watch);

        Assert.Equal(["dot for a@two.example", "answered"], watch.Journal);
    }

    [Fact]
    public async Task Stopping_before_the_dot_leaves_the_message_due_at_once()
    {
        using var stop = new CancellationTokenSource();
        await using var peer = new ScriptedPeer(async session =>
        {
            await session.SayAsync("220 mx.example");
            await session.HearAsync();
            await session.SayAsync("250 mx.example");
            await session.HearAsync(); // MAIL, never answered
            await stop.CancelAsync();
            await session.HearAsync();
        });
        await using var connection = await Given.OpenAsync(peer);
        using var content = Given.Content(Given.Text);

        var record = await connection.SendAsync(Given.To("a@two.example"), content, null, stop.Token);

        Assert.Equal((EventKind.Deferred, false), (record.Outcomes[0].Kind, record.Outcomes[0].CountsAsAttempt));
    }

    [Fact]
    public async Task Stopping_after_the_dot_still_waits_for_the_answer()
    {
        using var stop = new CancellationTokenSource();
        await using var peer = new ScriptedPeer(async session =>
        {
            await session.SayAsync("220 mx.example");
            await session.HearAsync();
            await session.SayAsync("250-mx.example\n250 PIPELINING");
            await session.HearAsync();
            await session.HearAsync();
            await session.HearAsync();
            await session.SayAsync("250 ok\n250 ok\n354 go on");
            await session.HearContentAsync();
            await stop.CancelAsync();
            await session.SayAsync("250 2.0.0 taken");
            await session.HearAsync();
        });
        await using var connection = await Given.OpenAsync(peer);
        using var content = Given.Content(Given.Text);

        var record = await connection.SendAsync(Given.To("a@two.example"), content, null, stop.Token);

        Assert.Equal((EventKind.Delivered, "250 2.0.0 taken"), (record.Outcomes[0].Kind, record.Outcomes[0].Info));
    }

    private static async Task<AttemptRecord> SendAsync(SmtpClientConnection connection, string to)
    {
        using var content = Given.Content(Given.Text);
        return await connection.SendAsync(Given.To(to), content, null, TestContext.Current.CancellationToken);
    }

    private static async Task WaitUntilAsync(Func<bool> holds)
    {
        for (var i = 0; i < 500 && !holds(); i++)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, TestContext.Current.CancellationToken);
        }
    }

    private sealed class Watch : IDotWatch
    {
        public List<string> Journal { get; } = [];

        public void DotSent(SmtpClientConnection connection, IReadOnlyList<DueRecipient> recipients, DateTimeOffset at) =>
            Journal.Add($"dot for {string.Join(',', recipients.Select(recipient => recipient.Recipient.ForwardPath))}");

        public void Answered(SmtpClientConnection connection) => Journal.Add("answered");
    }
}
