using System.Buffers;
using System.Text;
using CsCheck;
using Waybill.Mail.Smtp;

namespace Waybill.Tests.Delivering;

public class ReplyParserTests
{
    private static readonly Gen<string> Lines = Gen.Select(
        Gen.Frequency((8, "250"), (2, "451"), (1, "550"), (1, "99"), (1, "junk")),
        Gen.Frequency((6, " "), (3, "-"), (1, "")),
        Gen.Frequency((5, "2.0.0 ok"), (2, ""), (1, "größe"), (1, "a\rb"), (1, new string('x', 300))),
        Gen.Frequency((8, "\r\n"), (1, "\n")),
        (code, blank, text, end) => code + blank + text + end);

    private static readonly Gen<byte[]> Streams = Lines.List[0, 12].Select(lines => Encoding.UTF8.GetBytes(string.Concat(lines)));

    [Fact]
    public void A_reply_of_many_lines_is_kept_whole() // RFC 5321 §4.2.1
    {
        var reply = Assert.Single(Read("250-one\r\n250-2.0.0 two\r\n250 three\r\n"));

        Assert.Equal("Complete 250 250-one\n250-2.0.0 two\n250 three", reply);
    }

    [Fact]
    public void A_long_reply_is_kept_whole() // Longer than the 250 characters some platforms keep.
    {
        var line = "550 5.7.1 " + new string('y', 4000);

        Assert.Equal($"Complete 550 {line}", Assert.Single(Read(line + "\r\n")));
    }

    [Fact]
    public void What_is_beyond_the_limit_is_left_out_and_said_to_be()
    {
        var lines = string.Concat(Enumerable.Repeat("250-" + new string('z', 996) + "\r\n", 40));

        var reply = Assert.Single(Read(lines + "450 the end\r\n"));

        Assert.StartsWith("Complete 450 250-zzz", reply, StringComparison.Ordinal);
        Assert.Contains("octets more]", reply, StringComparison.Ordinal);
        Assert.InRange(reply.Length, ReplyParser.MaxKeptOctets, ReplyParser.MaxKeptOctets + 200);
    }

    [Fact]
    public void A_reply_without_end_is_given_up()
    {
        var parser = new ReplyParser();
        var octets = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("250-more\r\n", 1000)));
        var read = ReplyRead.Incomplete;
        for (var i = 0; i < 100 && read == ReplyRead.Incomplete; i++)
        {
            var buffer = new ReadOnlySequence<byte>(octets);
            read = parser.Read(ref buffer);
        }

        Assert.Equal(ReplyRead.TooLong, read);
    }

    [Theory]
    [InlineData("hello\r\n")]
    [InlineData("25 ok\r\n")]
    [InlineData("650 ok\r\n")]
    [InlineData("250ok\r\n")]
    [InlineData("\r\n")]
    [InlineData("250-ok\r\nnonsense\r\n")]
    public void What_is_no_reply_is_malformed(string text) =>
        Assert.StartsWith("Malformed", Assert.Single(Read(text)), StringComparison.Ordinal);

    [Fact]
    public void Octets_outside_UTF8_are_read_as_Latin1_and_a_NUL_is_replaced()
    {
        var octets = "250 caf"u8.ToArray().Concat(new byte[] { 0xE9, 0, (byte)'\r', (byte)'\n' }).ToArray();

        Assert.Equal("Complete 250 250 café\uFFFD", Assert.Single(Read(octets, octets.Length)));
    }

    [Fact]
    public void How_the_octets_are_cut_does_not_change_the_replies() =>
        Gen.Select(Streams, Gen.Int[1, 9]).Sample(
            (stream, chunk) => Assert.Equal(Read(stream, int.MaxValue), Read(stream, chunk)), iter: 10_000);

    [Fact]
    public void A_reply_that_repeats_costs_no_new_string()
    {
        var parser = new ReplyParser();
        var replies = Enumerable.Range(0, 3).Select(_ =>
        {
            var buffer = new ReadOnlySequence<byte>("250 2.1.0 Ok\r\n"u8.ToArray());
            parser.Read(ref buffer);
            return parser.Reply;
        }).ToList();

        Assert.Same(replies[0], replies[2]);
    }

    private static List<string> Read(string text) => Read(Encoding.UTF8.GetBytes(text), int.MaxValue);

    private static List<string> Read(byte[] octets, int chunk)
    {
        var parser = new ReplyParser();
        var result = new List<string>();
        foreach (var part in octets.Chunk(chunk))
        {
            var buffer = new ReadOnlySequence<byte>(part);
            while (!buffer.IsEmpty)
            {
                var read = parser.Read(ref buffer);
                if (read != ReplyRead.Incomplete)
                {
                    result.Add($"{read} {parser.Reply.Code} {parser.Reply.Text}");
                }

                if (read is ReplyRead.Malformed or ReplyRead.TooLong)
                {
                    return result;
                }
            }
        }

        return result;
    }
}
