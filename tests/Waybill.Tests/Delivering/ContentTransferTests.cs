using System.Text;
using Waybill.Engine.Recording;

namespace Waybill.Tests.Delivering;

public class ContentTransferTests
{
    [Theory]
    [InlineData("PIPELINING")]
    [InlineData("PIPELINING", "CHUNKING")]
    public async Task Large_content_streams_from_the_store_whole(params string[] extensions)
    {
        var octets = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, 5_000).Select(i => $"line {i}\r\n.dot {i}\r\n")));
        await using var peer = new ScriptedPeer(ScriptedPeer.Accepting(extensions));

        var record = await Given.DeliverAsync(peer, Given.To("a@two.example"), Given.Streamed(octets));

        Assert.Equal((EventKind.Delivered, octets.Length), (record.Outcomes[0].Kind, (int)record.Attempt.SentOctets));
        var content = Assert.Single(peer.Journal, line => line.StartsWith("content:", StringComparison.Ordinal))["content:".Length..^3];
        Assert.Equal(Encoding.ASCII.GetString(octets), content.Replace("\r\n.", "\r\n", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Content_that_cannot_be_read_to_its_end_is_never_ended_with_a_dot()
    {
        await using var peer = new ScriptedPeer(ScriptedPeer.Accepting("PIPELINING"));

        var record = await Given.DeliverAsync(peer, Given.To("a@two.example"), Given.Failing(1_000_000));

        Assert.Equal((EventKind.Deferred, "4.3.0"), (record.Outcomes[0].Kind, record.Outcomes[0].Status));
        await peer.HeardAsync(line => line.StartsWith("content cut", StringComparison.Ordinal));
        Assert.DoesNotContain(peer.Journal, line => line.EndsWith("\r\n.\r\n", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_refusal_while_the_content_is_on_its_way_is_heard()
    {
        var octets = new byte[8_000_000];
        octets.AsSpan().Fill((byte)'x');
        await using var peer = new ScriptedPeer(async session =>
        {
            await session.SayAsync("220 mx.example");
            foreach (var reply in new[] { "250-mx.example\n250 PIPELINING", "250 ok", "250 ok", "354 go on\n552 5.3.4 too large for us" })
            {
                await session.HearAsync();
                await session.SayAsync(reply);
            }

            await session.HearOctetsAsync(1000);
        });

        var record = await Given.DeliverAsync(peer, Given.To("a@two.example"), Given.Streamed(octets));

        // Whether the words outlive the reset of the connection is the network's choice; that nothing is thought delivered is ours.
        Assert.Contains(record.Outcomes[0].Kind, new[] { EventKind.SoftBounced, EventKind.Deferred });
        Assert.True(record.Attempt.SentOctets < octets.Length);
    }

    [Fact]
    public async Task Bare_line_ends_never_leave_this_server_not_even_by_BDAT() // RFC 5321 §2.3.8
    {
        await using var peer = new ScriptedPeer(ScriptedPeer.Accepting("PIPELINING", "CHUNKING"));

        await Given.DeliverAsync(peer, Given.To("a@two.example"), Given.Content("Subject: x\n\nhello\r.\r\nMAIL FROM:<evil@x>\n.\n"));

        Assert.Contains("content:Subject: x\r\n\r\nhello\r\n..\r\nMAIL FROM:<evil@x>\r\n..\r\n.\r\n", peer.Journal);
    }
}
