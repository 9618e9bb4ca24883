using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.Hosting;
using Waybill.Engine.Accepting;

namespace Waybill.Engine.Listening;

/// <summary>Counts the open connections and interrupts those whose client has said nothing for too long: one timer for all of them.</summary>
public sealed class ConnectionWatch(TimeProvider clock) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<SubmissionConnection, byte> _connections = [];
    private readonly ConcurrentDictionary<IPAddress, int> _byAddress = [];

    public int Count => _connections.Count;

    /// <summary>Takes a place for a client.</summary>
    /// <returns>False when its address has as many as it may.</returns>
    public bool TryEnter(IPAddress client, int limit)
    {
        if (_byAddress.AddOrUpdate(client, 1, static (_, count) => count + 1) <= limit)
        {
            return true;
        }

        Leave(client);
        return false;
    }

    public void Leave(IPAddress client)
    {
        if (_byAddress.AddOrUpdate(client, 0, static (_, count) => count - 1) <= 0)
        {
            _byAddress.TryRemove(new KeyValuePair<IPAddress, int>(client, 0));
        }
    }

    public void Add(SubmissionConnection connection) => _connections.TryAdd(connection, 0);

    public void Remove(SubmissionConnection connection) => _connections.TryRemove(connection, out _);

    /// <summary>Ends every session between two commands: for shutdown.</summary>
    public void InterruptAll()
    {
        foreach (var (connection, _) in _connections)
        {
            connection.Interrupt();
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                var now = clock.GetUtcNow().UtcTicks;
                foreach (var (connection, _) in _connections)
                {
                    if (connection.DeadlineTicks < now)
                    {
                        connection.Interrupt();
                    }
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The host stops; the handler ends the sessions.
        }
    }
}
