using System.Buffers;
using System.Text;
using CsCheck;
using Waybill.Mail.Smtp;

namespace Waybill.Tests.Mail;

public sealed class ContentScannerTests
{
    private static readonly ContentLimits Roomy = new(1_000_000, 100_000, 1_000);

    private static readonly Gen<string> Texts = Gen.Frequency(
            (10, Gen.Const("ab")), (6, Gen.Const("\r\n")), (4, Gen.Const(".")), (1, Gen.Const("é")), (1, Gen.Const("\r\n.\r\n")))
        .List[0, 60].Select(tokens => string.Concat(tokens));

    [Fact]
    public void What_is_stuffed_and_scanned_is_what_was_meant() => Texts.Sample(text =>
    {
        var message = Encoding.UTF8.GetBytes(text + "\r\n");
        var (content, _, scanner) = Scan(Stuffed(text + "\r\n") + ".\r\nNOOP\r\n", 1_000);

        Assert.Equal(message, content);
        Assert.Equal(ContentFault.None, scanner.Fault);
    }, iter: 5_000);

    [Fact]
    public void How_the_octets_are_cut_does_not_change_what_is_scanned() =>
        Gen.Select(Texts, Gen.Int[1, 5]).Sample((text, chunk) =>
        {
            var stream = text + "\r\n.\r\nQUIT\r\n";
            var (whole, consumed, one) = Scan(stream, 10_000);
            var (cut, consumedCut, other) = Scan(stream, chunk);

            Assert.Equal(whole, cut);
            Assert.Equal((consumed, one.Fault, one.HeaderOctets, one.Lines), (consumedCut, other.Fault, other.HeaderOctets, other.Lines));
        }, iter: 5_000);

    [Theory]
    [InlineData("a\n.\n", ContentFault.BareLf)]
    [InlineData("a\n.\r\n", ContentFault.BareLf)]
    [InlineData("a\r.\r\n", ContentFault.BareCr)]
    [InlineData("a\r\n.\n", ContentFault.BareLf)]
    [InlineData("a\r\n.\rb", ContentFault.BareCr)]
    [InlineData("a\r\r\n.\r\r\n", ContentFault.BareCr)]
    [InlineData("a\r\n\0.\r\n", ContentFault.None)]
    [InlineData("a\r\n. \r\n", ContentFault.None)]
    public void Nothing_that_only_looks_like_the_end_of_data_ends_it(string smuggled, ContentFault fault)
    {
        var (_, consumed, scanner) = Scan(smuggled + "MAIL FROM:<x@y>\r\n.\r\n", 1_000);

        Assert.Equal(fault, scanner.Fault);
        Assert.Equal(Encoding.UTF8.GetByteCount(smuggled) + 20, consumed); // The true end, behind the smuggled command.
    }

    [Fact]
    public void The_faulty_line_is_told_by_its_number()
    {
        var (_, _, scanner) = Scan("one\r\ntwo\r\nth\nree\r\n.\r\n", 1_000);

        Assert.Equal((ContentFault.BareLf, 3), (scanner.Fault, scanner.FaultLine));
    }

    [Fact]
    public void A_line_of_998_octets_is_kept_whole_and_one_of_999_is_not()
    {
        var (content, _, fits) = Scan(new string('y', 998) + "\r\n.\r\n", 100);
        var (_, _, longer) = Scan(new string('y', 999) + "\r\n.\r\n", 100);

        Assert.Equal((ContentFault.None, 1_000), (fits.Fault, content.Length)); // RFC 5321 §4.5.3.1.6
        Assert.Equal(ContentFault.LineTooLong, longer.Fault);
    }

    [Fact]
    public void The_header_ends_at_the_first_empty_line()
    {
        var (_, _, scanner) = Scan("Subject: x\r\n\r\nbody\r\n\r\nmore\r\n.\r\n", 3);

        Assert.Equal(14, scanner.HeaderOctets);
    }

    [Theory]
    [InlineData(100, 1_000, ContentFault.TooLarge)]
    [InlineData(1_000, 100, ContentFault.HeaderTooLarge)]
    public void Too_much_is_told_apart(long most, int mostHeader, ContentFault expected)
    {
        var scanner = new ContentScanner(new ContentLimits(most, mostHeader, 1_000), dots: true);

        scanner.Scan(Encoding.ASCII.GetBytes(new string('x', 150)), new ArrayBufferWriter<byte>(), out _);

        Assert.Equal(expected, scanner.Fault);
    }

    [Fact]
    public void A_counted_chunk_keeps_its_dots()
    {
        var scanner = new ContentScanner(Roomy, dots: false);
        var output = new ArrayBufferWriter<byte>();

        var ended = scanner.Scan("a\r\n.\r\n..b\r\n"u8, output, out var consumed);

        Assert.False(ended);
        Assert.Equal(("a\r\n.\r\n..b\r\n", 11), (Encoding.ASCII.GetString(output.WrittenSpan), consumed)); // RFC 3030 §2
    }

    private static string Stuffed(string text) =>
        (text.StartsWith('.') ? "." : "") + text.Replace("\r\n.", "\r\n..", StringComparison.Ordinal);

    private static (byte[] Content, int Consumed, ContentScanner Scanner) Scan(string stream, int chunk)
    {
        var octets = Encoding.UTF8.GetBytes(stream);
        var scanner = new ContentScanner(Roomy, dots: true);
        var output = new ArrayBufferWriter<byte>();
        var at = 0;
        while (at < octets.Length)
        {
            var ended = scanner.Scan(octets.AsSpan(at, Math.Min(chunk, octets.Length - at)), output, out var consumed);
            at += consumed;
            if (ended)
            {
                break;
            }
        }

        return (output.WrittenSpan.ToArray(), at, scanner);
    }
}
