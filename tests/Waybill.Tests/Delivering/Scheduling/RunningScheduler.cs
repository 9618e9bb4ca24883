using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Waybill.Engine.Delivering;
using Waybill.Engine.Delivering.Client;
using Waybill.Engine.Operating.Delivery;
using Waybill.Engine.Recording;
using Waybill.Engine.Routing;
using Waybill.Engine.Spooling;
using Waybill.Mail.Messages;
using Waybill.Peers.Smtp;
using Waybill.Tests.Routing;

namespace Waybill.Tests.Delivering.Scheduling;

/// <summary>The scheduler over a spool in memory, a scripted resolver, and receivers on loopback addresses of their own.</summary>
internal sealed class RunningScheduler : IAsyncDisposable
{
    private readonly List<ScriptedReceiver> _receivers = [];
    private readonly DeliveryOptions _options;
    private DeliveryScheduler? _scheduler;
    private DotLedger? _dots;
    private int _port;
    private long _ids = 1_000_000;

    public RunningScheduler(DeliveryOptions? options = null) => _options = options ?? new DeliveryOptions();

    public FakeTimeProvider Clock { get; } = new(Given.Noon);

    public MemorySpool Spool { get; } = new();

    public FreshMail Fresh { get; } = new();

    public LiveFeed Live { get; } = new();

    public Backlog Backlog { get; } = new();

    public WaitingRoom Room { get; } = new();

    public FakeDns Dns { get; } = new();

    public RetryOptions Retry { get; } = new() { Jitter = 0 };

    public IDeliveryControl Control => _scheduler!;

    /// <summary>Recipients that receivers have confirmed, in order.</summary>
    public ConcurrentQueue<string> Delivered { get; } = new();

    /// <summary>A receiver that is the exchanger of domains.</summary>
    public ScriptedReceiver Receiver(ReceiverScript? script = null, params string[] domains)
    {
        script ??= new ReceiverScript();
        var address = IPAddress.Parse($"127.0.0.{_receivers.Count + 2}");
        var onContent = script.OnContent;
        var receiver = ScriptedReceiver.Start(
            script with
            {
                OnContent = message =>
                {
                    foreach (var recipient in message.Recipients)
                    {
                        Delivered.Enqueue(recipient.Address);
                    }

                    return onContent?.Invoke(message) ?? Response.Say("250 2.0.0 Ok: queued");
                },
            },
            new ReceiverOptions { EndPoint = new IPEndPoint(address, _port) });
        _port = receiver.EndPoint.Port;
        _receivers.Add(receiver);
        foreach (var domain in domains)
        {
            Dns.With(domain, (10, $"mx{_receivers.Count}.example", address.ToString()));
        }

        return receiver;
    }

    public async Task StartAsync()
    {
        var client = Options.Create(new SmtpClientOptions { ClientName = "out.one.example", Tls = TlsPolicy.Never });
        var judge = Given.Judge(Clock, Retry);
        _dots = new DotLedger(Spool, Clock, NullLogger<DotLedger>.Instance);
        var parts = new LaneParts(_options, Given.Connector(client.Value, Clock), judge, _dots, Spool, Clock, NullLogger<DeliveryScheduler>.Instance);
        var bouncer = new Bouncer(Spool, new EmailIdSource(Clock, 0, default), client, Clock);
        var router = new Router(Dns, Options.Create(new RoutingOptions { SmtpPort = _port == 0 ? 25 : _port }), Clock);
        _scheduler = new DeliveryScheduler(new SchedulerParts(
            new LaneServices(Spool, Room, Backlog, Fresh, bouncer, parts), parts, Room, Spool, Fresh, router, Live, HasSmartHost: false));
        await _scheduler.StartAsync(CancellationToken.None);
    }

    public Task StopAsync() => _scheduler!.StopAsync(CancellationToken.None);

    /// <summary>A message that is in the store since a while, due at an instant.</summary>
    public IReadOnlyList<DueRecipient> Waits(DateTimeOffset dueAt, params string[] to)
    {
        var recipients = Recipients(to);
        Spool.Put(recipients, dueAt);
        return recipients;
    }

    /// <summary>A message that has just been accepted.</summary>
    public AcceptedMessage Comes(params string[] to)
    {
        var recipients = Waits(Clock.GetUtcNow(), to);
        var message = new AcceptedMessage(recipients[0].Message.EmailId, recipients);
        Backlog.Accepted(recipients.Count);
        Fresh.Offer(message);
        return message;
    }

    /// <summary>Lets time pass until something has happened; fails when it does not.</summary>
    public async Task UntilAsync(Func<bool> condition, TimeSpan step = default)
    {
        for (var i = 0; !condition(); i++)
        {
            Assert.True(i < 1_000, "it did not happen");
            if (step > TimeSpan.Zero)
            {
                Clock.Advance(step);
            }

            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, TestContext.Current.CancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_scheduler is not null)
        {
            await StopAsync();
            _scheduler.Dispose();
        }

        foreach (var receiver in _receivers)
        {
            await receiver.DisposeAsync();
        }

        _dots?.Dispose();
    }

    private IReadOnlyList<DueRecipient> Recipients(string[] to)
    {
        var message = new SpooledMessage
        {
            EmailId = new EmailId(Interlocked.Add(ref _ids, to.Length) - to.Length),
            AccountId = 1,
            AcceptedAt = Clock.GetUtcNow(),
            Envelope = Given.Envelope,
            Content = default,
        };
        return [.. to.Select((address, i) => new DueRecipient(message, RecipientId.Of(message.EmailId, i), Given.Recipient(address), 0))];
    }
}
