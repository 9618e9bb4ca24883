using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using CsCheck;
using Waybill.Mail.Smtp;

namespace Waybill.Tests.Mail;

public sealed class SmtpLineTests
{
    // Mostly sound lines: a stray CR or LF ends the reading, so too many of them would test only the first line.
    private static readonly Gen<byte[]> Streams = Gen.Frequency(
            (12, Gen.Const("a")), (4, Gen.Const("\r\n")), (1, Gen.Const("\r")), (1, Gen.Const("\n")))
        .List[0, 60].Select(tokens => Encoding.ASCII.GetBytes(string.Concat(tokens)));

    [Fact]
    public Task How_the_octets_are_cut_does_not_change_the_lines() =>
        Gen.Select(Streams, Gen.Int[1, 7]).SampleAsync(
            async (stream, chunk) => Assert.Equal(await ReadAsync(stream, stream.Length + 1), await ReadAsync(stream, chunk)), iter: 10_000);

    [Theory]
    [InlineData("abc\r\nrest", LineRead.Complete, "abc")]
    [InlineData("\r\n", LineRead.Complete, "")]
    [InlineData("abc", LineRead.Incomplete, "")]
    [InlineData("abc\r", LineRead.Incomplete, "")]
    [InlineData("a\nb\r\n", LineRead.BareLineBreak, "")] // RFC 5321 §2.3.8
    [InlineData("a\rb\r\n", LineRead.BareLineBreak, "")]
    [InlineData("12345678\r\n", LineRead.Complete, "12345678")]
    [InlineData("123456789\r\n", LineRead.TooLong, "")]
    [InlineData("1234567890", LineRead.TooLong, "")]
    public void A_line_ends_in_CRLF_and_in_nothing_else(string text, LineRead expected, string line)
    {
        var buffer = new ReadOnlySequence<byte>(Encoding.ASCII.GetBytes(text));

        var read = SmtpLine.TryRead(ref buffer, 10, out var taken);

        Assert.Equal(expected, read);
        Assert.Equal(line, Encoding.ASCII.GetString(taken));
    }

    private static async Task<List<string>> ReadAsync(byte[] stream, int chunk)
    {
        var pipe = new Pipe(new PipeOptions(readerScheduler: PipeScheduler.Inline, writerScheduler: PipeScheduler.Inline, minimumSegmentSize: 16, pauseWriterThreshold: 0, useSynchronizationContext: false));
        var reading = LinesAsync(pipe.Reader);
        for (var i = 0; i < stream.Length; i += chunk)
        {
            await pipe.Writer.WriteAsync(stream.AsMemory(i, Math.Min(chunk, stream.Length - i)));
        }

        await pipe.Writer.CompleteAsync();
        return await reading;
    }

    private static async Task<List<string>> LinesAsync(PipeReader reader)
    {
        var lines = new List<string>();
        while (true)
        {
            var read = await reader.ReadAsync();
            var buffer = read.Buffer;
            LineRead result;
            while ((result = SmtpLine.TryRead(ref buffer, 20, out var line)) == LineRead.Complete)
            {
                lines.Add(Encoding.ASCII.GetString(line));
            }

            if (result is LineRead.TooLong or LineRead.BareLineBreak || read.IsCompleted)
            {
                // A line that is both is called by whichever shows first; either way it is refused.
                lines.Add(result == LineRead.Incomplete ? "end" : "refused");
                await reader.CompleteAsync();
                return lines;
            }

            reader.AdvanceTo(buffer.Start, buffer.End);
        }
    }
}
