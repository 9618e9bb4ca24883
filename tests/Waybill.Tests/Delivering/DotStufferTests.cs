using System.Buffers;
using System.Text;
using CsCheck;
using Waybill.Mail.Smtp;

namespace Waybill.Tests.Delivering;

public class DotStufferTests
{
    private static readonly Gen<byte[]> Contents =
        Gen.Frequency((10, "a"), (6, "\r\n"), (4, "."), (1, "\r"), (1, "\n"))
            .List[0, 60].Select(tokens => Encoding.ASCII.GetBytes(string.Concat(tokens)));

    [Theory] // RFC 5321 §4.5.2
    [InlineData("", ".\r\n")]
    [InlineData("a\r\n", "a\r\n.\r\n")]
    [InlineData("a", "a\r\n.\r\n")]
    [InlineData(".", "..\r\n.\r\n")]
    [InlineData(".\r\n", "..\r\n.\r\n")]
    [InlineData("a\r\n.b\r\n", "a\r\n..b\r\n.\r\n")]
    [InlineData("a.b\r\n", "a.b\r\n.\r\n")]
    [InlineData("a\n.b", "a\r\n..b\r\n.\r\n")]
    [InlineData("a\r.b\r", "a\r\n..b\r\n.\r\n")]
    [InlineData("a\r\r\nb", "a\r\n\r\nb\r\n.\r\n")]
    public void Dots_are_doubled_and_line_ends_made_whole(string content, string wire) =>
        Assert.Equal(wire, Stuff(Encoding.ASCII.GetBytes(content), int.MaxValue));

    [Fact]
    public void What_is_undone_at_the_other_end_is_what_was_sent() =>
        Contents.Where(content => DotStuffer.HasStrictLines(content)).Sample(
            content =>
            {
                var text = Encoding.ASCII.GetString(content);
                var sent = text.Length == 0 || text.EndsWith("\r\n", StringComparison.Ordinal) ? text : text + "\r\n";
                Assert.Equal(sent, Unstuff(Stuff(content, int.MaxValue)));
            },
            iter: 10_000);

    [Fact]
    public void How_the_content_is_cut_does_not_change_the_wire() =>
        Gen.Select(Contents, Gen.Int[1, 7]).Sample(
            (content, piece) => Assert.Equal(Stuff(content, int.MaxValue), Stuff(content, piece)), iter: 10_000);

    [Fact]
    public void No_content_ends_the_data_early_or_holds_a_bare_line_end() => // SMTP smuggling
        Contents.Sample(
            content =>
            {
                var wire = Stuff(content, 3);
                Assert.Equal(wire.Length - 3, wire == ".\r\n" ? 0 : wire.IndexOf("\r\n.\r\n", StringComparison.Ordinal) + 2);
                var rest = wire.Replace("\r\n", "", StringComparison.Ordinal);
                Assert.DoesNotContain(rest, c => c is '\r' or '\n');
            },
            iter: 10_000);

    private static string Stuff(byte[] content, int piece)
    {
        var output = new ArrayBufferWriter<byte>();
        var stuffer = new DotStuffer();
        foreach (var part in content.Chunk(piece))
        {
            stuffer.Write(part, output);
        }

        stuffer.End(output);
        return Encoding.ASCII.GetString(output.WrittenSpan);
    }

    private static string Unstuff(string wire)
    {
        var lines = wire[..^3].Split("\r\n").Select(line => line.StartsWith('.') ? line[1..] : line);
        return string.Join("\r\n", lines);
    }
}
