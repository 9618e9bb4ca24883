using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Waybill.Engine.Delivering.Client;
using Waybill.Engine.Spooling;

namespace Waybill.Engine.Delivering;

/// <summary>Knows the final dots whose reply is out, and makes those durable that wait longer than a moment.</summary>
/// <remarks>
/// A reply that comes at once costs nothing here but two dictionary operations. When a note is written, it is written
/// before the outcome: both go to the same writer, and the entry's lock holds the order.
/// </remarks>
internal sealed class DotLedger(ISpool spool, TimeProvider clock, ILogger<DotLedger> logger) : BackgroundService, IDotWatch
{
    // Long enough that a healthy peer has answered, short enough that few crashes fall into it.
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(100);

    private readonly ConcurrentDictionary<SmtpClientConnection, Entry> _open = [];

    public void DotSent(SmtpClientConnection connection, IReadOnlyList<DueRecipient> recipients, DateTimeOffset at) =>
        _open[connection] = new Entry(recipients, at);

    public void Answered(SmtpClientConnection connection)
    {
        if (_open.TryRemove(connection, out var entry))
        {
            lock (entry)
            {
                entry.IsAnswered = true;
            }
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Moment, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                var late = clock.GetUtcNow() - Moment;
                foreach (var (connection, entry) in _open)
                {
                    if (entry.At <= late)
                    {
                        Note(connection, entry);
                    }
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The host stops.
        }
    }

    private void Note(SmtpClientConnection connection, Entry entry)
    {
        lock (entry)
        {
            if (entry.IsAnswered || entry.IsNoted)
            {
                return;
            }

            entry.IsNoted = true;
            var noting = spool.NoteDotSentAsync(new DotSent([.. entry.Recipients.Select(recipient => recipient.Id)], entry.At, connection.Host, connection.Address));
            _ = noting.ContinueWith(
                (task, _) => logger.DotNotNoted(task.Exception!.GetBaseException().Message),
                null, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        }
    }

    private sealed class Entry(IReadOnlyList<DueRecipient> recipients, DateTimeOffset at)
    {
        public IReadOnlyList<DueRecipient> Recipients { get; } = recipients;

        public DateTimeOffset At { get; } = at;

        public bool IsAnswered { get; set; }

        public bool IsNoted { get; set; }
    }
}
