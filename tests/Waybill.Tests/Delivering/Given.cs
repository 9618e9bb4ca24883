using System.Net;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Waybill.Engine.Delivering;
using Waybill.Engine.Delivering.Client;
using Waybill.Engine.Recording;
using Waybill.Engine.Routing;
using Waybill.Engine.Spooling;
using Waybill.Mail.Addressing;
using Waybill.Mail.Messages;

namespace Waybill.Tests.Delivering;

/// <summary>What the tests of delivery start from.</summary>
internal static class Given
{
    public const string Text = "Subject: hello\r\n\r\nDear reader,\r\n.\r\n..twice\r\nend\r\n";

    public static readonly DateTimeOffset Noon = new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero);

    public static Envelope Envelope => new(ReversePath.Of(Mailbox.Parse("sender@one.example")));

    public static IReadOnlyList<DueRecipient> Recipients(Envelope envelope, params EnvelopeRecipient[] recipients) =>
        Recipients(envelope, TimeProvider.System.GetUtcNow(), recipients);

    public static IReadOnlyList<DueRecipient> Recipients(Envelope envelope, DateTimeOffset acceptedAt, params EnvelopeRecipient[] recipients)
    {
        var message = new SpooledMessage
        {
            EmailId = new EmailId(77_000),
            AccountId = 1,
            AcceptedAt = acceptedAt,
            Envelope = envelope,
            Content = default,
        };
        return [.. recipients.Select((recipient, i) => new DueRecipient(message, RecipientId.Of(message.EmailId, i), recipient, 0))];
    }

    public static EnvelopeRecipient Recipient(string address) => new(ForwardPath.Parse(address));

    public static IReadOnlyList<DueRecipient> To(params string[] addresses) =>
        Recipients(Envelope, [.. addresses.Select(Recipient)]);

    public static ContentLease Content(string text) => new MemoryLease(Encoding.UTF8.GetBytes(text), inMemory: true);

    public static ContentLease Streamed(byte[] octets) => new MemoryLease(octets, inMemory: false);

    public static ContentLease Failing(long octets) => new FailingLease(octets);

    public static AttemptJudge Judge(TimeProvider? clock = null, RetryOptions? options = null) =>
        new(Options.Create(options ?? new RetryOptions()), clock ?? TimeProvider.System, new Random(1));

    public static SmtpConnector Connector(SmtpClientOptions? options = null, TimeProvider? clock = null)
    {
        options ??= new SmtpClientOptions();
        options.ClientName = options.ClientName.Length == 0 ? "out.one.example" : options.ClientName;
        return new SmtpConnector(
            Options.Create(options), Judge(clock), clock ?? TimeProvider.System, new Random(1), NullLogger<SmtpConnector>.Instance);
    }

    public static Route.Hosts Route(params int[] ports) => new(
        new NextHop("mx.example"),
        [.. ports.Select((port, i) => new MxHost($"mx{i + 1}.example", 10 * i, port, [IPAddress.Loopback]))])
    {
        Name = "two.example",
        Notes = ["MX two.example: 10 mx1.example"],
    };

    /// <summary>Opens a connection to the peer, sends one message and closes.</summary>
    public static async Task<AttemptRecord> DeliverAsync(
        ScriptedPeer peer, IReadOnlyList<DueRecipient> recipients, ContentLease? content = null, SmtpClientOptions? options = null, IDotWatch? watch = null)
    {
        await using var connection = await OpenAsync(peer, options);
        using var lease = content ?? Content(Text);
        return await connection.SendAsync(recipients, lease, watch, TestContext.Current.CancellationToken);
    }

    public static async Task<SmtpClientConnection> OpenAsync(ScriptedPeer peer, SmtpClientOptions? options = null)
    {
        var result = await Connector(options).OpenAsync(Route(peer.Port), TestContext.Current.CancellationToken);
        return Assert.IsType<OpenResult.Opened>(result).Connection;
    }

    public static async Task<UnsentAttempt> FailToOpenAsync(Route.Hosts route, SmtpClientOptions? options = null)
    {
        var result = await Connector(options).OpenAsync(route, TestContext.Current.CancellationToken);
        return Assert.IsType<OpenResult.NotOpened>(result).Attempt;
    }

    public static string Said(AttemptRecord record) => Said(record.Attempt);

    public static string Said(Attempt attempt) =>
        string.Join('\n', attempt.Dialogue.Select(line => $"{line.Speaker}: {line.Text}"));

    private sealed class MemoryLease(byte[] octets, bool inMemory) : ContentLease
    {
        public override long LengthOctets => octets.Length;

        public override bool TryGetMemory(out ReadOnlyMemory<byte> memory)
        {
            memory = inMemory ? octets : default(ReadOnlyMemory<byte>);
            return inMemory;
        }

        public override Stream OpenStream() => new MemoryStream(octets);

        protected override void Dispose(bool disposing)
        {
        }
    }

    private sealed class FailingLease(long octets) : ContentLease
    {
        public override long LengthOctets => octets;

        public override bool TryGetMemory(out ReadOnlyMemory<byte> memory)
        {
            memory = default;
            return false;
        }

        public override Stream OpenStream() => new FailingStream();

        protected override void Dispose(bool disposing)
        {
        }
    }

    private sealed class FailingStream : MemoryStream
    {
        private bool _gaveSome;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_gaveSome)
            {
                throw new IOException("the disk is gone");
            }

            _gaveSome = true;
            buffer.Span[..100].Fill((byte)'x');
            return ValueTask.FromResult(100);
        }
    }
}
