using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Waybill.Peers.Smtp;

namespace Waybill.Peers.Internet;

/// <summary>Sends back one kind of mail, each message some time after it was accepted.</summary>
internal sealed class ReturnSender : IAsyncDisposable
{
    private const int Attempts = 3;
    private static readonly TimeSpan AttemptTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan BetweenAttempts = TimeSpan.FromSeconds(5);

    private readonly ReturnKind _kind;
    private readonly TimeSpan _after;
    private readonly ReturnWriter _writer;
    private readonly TimeProvider _clock;
    private readonly Func<string, IPEndPoint?> _route;
    private readonly Action<ReturnedMail> _done;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _loop;

    // When it is full the return is given up: a receiver under load does not keep its clients waiting for that.
    private readonly Channel<(string Host, ReceivedMessage Message, ReceivedRecipient Recipient)> _waiting =
        Channel.CreateBounded<(string, ReceivedMessage, ReceivedRecipient)>(new BoundedChannelOptions(10_000) { SingleReader = true });

    /// <param name="route">Where the mail of a domain goes; null when nowhere.</param>
    /// <param name="done">Told of each return, sent or given up.</param>
    public ReturnSender(ReturnKind kind, TimeSpan after, ReturnWriter writer, TimeProvider clock, Func<string, IPEndPoint?> route, Action<ReturnedMail> done)
    {
        (_kind, _after, _writer, _clock, _route, _done) = (kind, after, writer, clock, route, done);
        _loop = SendAllAsync(_stopping.Token);
    }

    /// <summary>Promises a return; nothing is promised for mail from the null reverse-path.</summary>
    public void Add(string host, ReceivedMessage message, ReceivedRecipient recipient)
    {
        if (message.ReversePath.Length > 0 && !_waiting.Writer.TryWrite((host, message, recipient)))
        {
            Report(message, recipient, "given up: too many are waiting");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _loop;
        _stopping.Dispose();
    }

    private async Task SendAllAsync(CancellationToken stopping)
    {
        try
        {
            // All wait equally long, so the order of arrival is the order of sending.
            await foreach (var (host, message, recipient) in _waiting.Reader.ReadAllAsync(stopping))
            {
                if (message.At + _after - _clock.GetUtcNow() is var wait && wait > TimeSpan.Zero)
                {
                    await Task.Delay(wait, _clock, stopping);
                }

                await SendAsync(host, message, recipient, stopping);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // What still waits is forgotten with the simulated internet.
        }
    }

    private async Task SendAsync(string host, ReceivedMessage message, ReceivedRecipient recipient, CancellationToken stopping)
    {
        var content = _writer.Write(_kind, host, message, recipient);
        var domain = message.ReversePath[(message.ReversePath.LastIndexOf('@') + 1)..];
        for (var attempt = 1; ; attempt++)
        {
            var outcome = await TryAsync(domain, message.ReversePath, content, stopping);
            if (outcome is ['2' or '5', ..] || attempt == Attempts)
            {
                Report(message, recipient, outcome);
                return;
            }

            await Task.Delay(BetweenAttempts, _clock, stopping);
        }
    }

    private async Task<string> TryAsync(string domain, string to, byte[] content, CancellationToken stopping)
    {
        if (_route(domain) is not { } server)
        {
            return $"given up: {domain} takes no mail";
        }

        using var late = new CancellationTokenSource(AttemptTimeout, _clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stopping, late.Token);
        try
        {
            await using var client = await PlainClient.ConnectAsync(server, either.Token);
            return (await client.SubmitAsync("", [to], content, either.Token)).OnOneLine;
        }
        catch (Exception e) when (e is SocketException or IOException || (e is OperationCanceledException && !stopping.IsCancellationRequested))
        {
            return $"no reply from {server}: {e.GetType().Name}";
        }
    }

    private void Report(ReceivedMessage message, ReceivedRecipient recipient, string outcome) =>
        _done(new ReturnedMail(_clock.GetUtcNow(), _kind, message.ReversePath, recipient.Address, outcome));
}
