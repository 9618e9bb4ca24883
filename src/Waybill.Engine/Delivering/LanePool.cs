using System.Collections.Concurrent;
using Waybill.Engine.Operating.Delivery;
using Waybill.Engine.Routing;

namespace Waybill.Engine.Delivering;

/// <summary>The destinations and the lanes that work on them: no more than the options allow, for each and for all. Any thread.</summary>
internal sealed class LanePool
{
    // Long for a message that waits, short for a connection to be called held up.
    private static readonly TimeSpan StallTime = TimeSpan.FromMilliseconds(500);

    private readonly LaneServices _services;
    private readonly DeliveryOptions _options;
    private readonly bool _hasSmartHost;
    private readonly CancellationToken _stopping;
    private readonly ConcurrentDictionary<NextHop, Destination> _destinations = [];
    private readonly ConcurrentDictionary<Task, byte> _running = [];

    // Destinations with work that found no lane free; each stands in here once.
    private readonly ConcurrentQueue<Destination> _starved = [];
    private int _lanes;

    public LanePool(LaneServices services, bool hasSmartHost, CancellationToken stopping)
    {
        (_services, _options, _hasSmartHost, _stopping) = (services, services.Options, hasSmartHost, stopping);
        _services.IsCrowded = () => Volatile.Read(ref _lanes) >= _options.MaxConnections * 9 / 10;
        _services.OthersStarve = () => !_starved.IsEmpty;
    }

    /// <summary>Destinations with something due or a connection open, for operators.</summary>
    public IReadOnlyList<DestinationState> States =>
        [.. _destinations.Values.Select(one => new DestinationState(one.NextHop.Key, one.Due, one.Lanes)).Where(one => one.Due + one.Connections > 0)];

    /// <summary>Deliveries and other tasks that are running.</summary>
    public int Running => _running.Count;

    /// <summary>Gives recipients of one message to their destination.</summary>
    public void Add(Route.Hosts route, QueuedRecipient[] recipients)
    {
        var destination = _destinations.GetOrAdd(route.NextHop, static (nextHop, pool) => pool.NewDestination(nextHop), this);
        destination.Route = route;
        if (destination.Add(recipients, out var idle))
        {
            Open(destination);
        }

        idle?.Wake();
    }

    /// <summary>Opens another lane where due mail waits behind connections that are held up.</summary>
    public async Task WatchAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(StallTime, _services.Clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            foreach (var (_, destination) in _destinations)
            {
                if (destination.WantsLaneAfterStall())
                {
                    Open(destination);
                }
            }
        }
    }

    /// <summary>Takes care of a task until it ends: shutdown waits for it.</summary>
    public void Own(Task task)
    {
        if (task.IsCompleted)
        {
            return;
        }

        _running.TryAdd(task, 0);
        task.ContinueWith(
            static (done, state) => ((ConcurrentDictionary<Task, byte>)state!).TryRemove(done, out _),
            _running, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    /// <summary>Waits until everything that runs has ended.</summary>
    public async Task DrainAsync(CancellationToken cancellationToken)
    {
        while (!_running.IsEmpty)
        {
            await Task.WhenAll(_running.Keys).WaitAsync(cancellationToken);
        }
    }

    private Destination NewDestination(NextHop nextHop) => _hasSmartHost
        ? new Destination(nextHop, _options.MaxConnectionsToSmartHost, _options.MaxMessagesPerSmartHostConnection)
        : new Destination(nextHop, _options.MaxConnectionsPerNextHop, _options.MaxMessagesPerConnection);

    private void Open(Destination destination)
    {
        if (Interlocked.Increment(ref _lanes) <= _options.MaxConnections)
        {
            Own(Task.Run(() => RunAsync(destination), CancellationToken.None));
            return;
        }

        Interlocked.Decrement(ref _lanes);
        if (destination.LaneNotOpened())
        {
            _starved.Enqueue(destination);
        }

        if (Volatile.Read(ref _lanes) < _options.MaxConnections)
        {
            OpenForStarved(); // A lane has ended in between, and saw nobody here.
        }
    }

    private async Task RunAsync(Destination destination)
    {
        await new DeliveryLane(_services, destination, _stopping).RunAsync();
        Interlocked.Decrement(ref _lanes);
        if (_stopping.IsCancellationRequested)
        {
            return;
        }

        // Whoever has waited for a lane comes first; a destination with more work stands behind them.
        OpenForStarved();
        if (destination.LaneEnded())
        {
            Open(destination);
        }
    }

    private void OpenForStarved()
    {
        while (_starved.TryDequeue(out var starved))
        {
            if (starved.WantsLane())
            {
                Open(starved);
                return;
            }
        }
    }
}
