using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Waybill.Engine.Recording;
using Waybill.Engine.Routing;
using Waybill.Engine.Spooling;
using Waybill.Mail.Messages;

namespace Waybill.Engine.Delivering;

/// <summary>Brings recipients that are due to their destinations: fresh ones straight from acceptance, waiting ones when their time comes.</summary>
internal sealed class DeliveryScheduler : BackgroundService, IDeliveryControl
{
    // A page of the due index: read in some milliseconds, and held by nobody.
    private const int StorePage = 5_000;
    private static readonly TimeSpan LongestSleep = TimeSpan.FromSeconds(5);

    private readonly LaneServices _services;
    private readonly LaneParts _parts;
    private readonly WaitingRoom _room;
    private readonly ISpool _spool;
    private readonly FreshMail _fresh;
    private readonly Router _router;
    private readonly bool _hasSmartHost;
    private readonly ConcurrentDictionary<NextHop, Destination> _destinations = [];
    private readonly ConcurrentDictionary<Task, byte> _running = [];
    private readonly ConcurrentQueue<Destination> _starved = [];
    private readonly ConcurrentQueue<RecipientId> _asked = [];
    private readonly LiveFeed _live;
    private readonly SemaphoreSlim _wake = new(0, 1);
    private readonly CancellationTokenSource _stopping = new();
    private long _nextDueTicks = long.MaxValue;
    private DueCursor _cursor;
    private volatile bool _storeHasMore = true;
    private int _lanes;

    public DeliveryScheduler(SchedulerParts parts)
    {
        (_services, _parts, _room, _spool, _fresh, _router) = (parts.Services, parts.Lanes, parts.Room, parts.Spool, parts.Fresh, parts.Router);
        (_live, _hasSmartHost) = (parts.Live, parts.HasSmartHost);
        _services.Waits = WakeFor;
        _services.IsCrowded = () => Volatile.Read(ref _lanes) >= _parts.Options.MaxConnections * 9 / 10;
    }

    /// <summary>Destinations with something due or a connection open, for operators.</summary>
    public IReadOnlyList<DestinationState> Destinations =>
        [.. _destinations.Values.Select(one => new DestinationState(one.NextHop.Key, one.Due, one.Lanes)).Where(one => one.Due + one.Connections > 0)];

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);

        // Running deliveries stop before their final dot, or end; what has not begun is found at the next start.
        await _stopping.CancelAsync();
        using var patience = new CancellationTokenSource(_parts.Options.DrainTime, _parts.Clock);
        try
        {
            while (!_running.IsEmpty)
            {
                await Task.WhenAll(_running.Keys).WaitAsync(patience.Token);
            }
        }
        catch (OperationCanceledException)
        {
            _parts.Logger.DrainTimedOut(_running.Count);
        }
    }

    public override void Dispose()
    {
        base.Dispose();
        _stopping.Dispose();
        _wake.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        try
        {
            using var orders = _live.Listen(NoteOrders);
            await ResolveDotsAsync(stoppingToken);
            await Task.WhenAll(TakeFreshAsync(stoppingToken), TakeDueAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    /// <summary>What the last run sent a final dot for and never heard of again: said in the timeline, and tried again.</summary>
    private async Task ResolveDotsAsync(CancellationToken stoppingToken)
    {
        foreach (var note in await _spool.UnresolvedDotsAsync(stoppingToken))
        {
            var now = _parts.Clock.GetUtcNow();
            var attempt = new Attempt
            {
                StartedAt = note.At,
                EndedAt = now,
                Host = note.Host,
                Address = note.Address,
                Dialogue = [new DialogueLine(0, Speaker.Note, "final dot sent; this server ended before the reply came")],
            };
            await _spool.RecordAsync(new AttemptRecord(attempt, [.. note.Recipients.Select(id => new RecipientOutcome
            {
                Id = id,
                Kind = EventKind.OutcomeUnknown,
                At = now,
                Info = $"The final dot went to {note.Host} [{note.Address}] and this server ended before the reply came: they may have the message. It is sent again with the same Message-ID.",
                NextAttemptAt = now,
            })]));
        }
    }

    // A person's order to try now is durable when it is heard of here; whoever gave it, by whatever way.
    private void NoteOrders(IReadOnlyList<LiveChange> changes)
    {
        foreach (var change in changes)
        {
            if (change.Kind == EventKind.RetryRequested)
            {
                _asked.Enqueue(change.Recipient);
                WakeFor(DateTimeOffset.MinValue);
            }
        }
    }

    private async Task TakeOrdersAsync(CancellationToken stoppingToken)
    {
        var asked = new List<RecipientId>();
        while (asked.Count < StorePage && _asked.TryDequeue(out var id))
        {
            asked.Add(id);
        }

        if (asked.Count == 0)
        {
            return;
        }

        var now = _parts.Clock.GetUtcNow();
        foreach (var recipient in await _spool.LoadAsync(asked, stoppingToken))
        {
            _room.Move(new WaitingRecipient(recipient.Id, recipient.Message.EmailId, recipient.Recipient.ForwardPath.Mailbox.Host, now));
        }
    }

    private async Task TakeFreshAsync(CancellationToken stoppingToken)
    {
        while (await _fresh.Reader.WaitToReadAsync(stoppingToken))
        {
            while (_fresh.Reader.TryRead(out var message))
            {
                try
                {
                    TakeFresh(message);
                }
                catch (Exception fault)
                {
                    // A message that trips a bug of ours is put off; it does not hold up the others.
                    _parts.Logger.LaneFaulted("routing", fault);
                    _services.PutOff(message.Recipients);
                }
            }
        }
    }

    private void TakeFresh(AcceptedMessage message)
    {
        var recipients = message.Recipients;
        if (recipients.Count == 1)
        {
            var only = recipients[0];
            if (_room.TryStart(only.Id))
            {
                Dispatch(only.Recipient.ForwardPath.Mailbox.Host, [new QueuedRecipient(only.Id, message.EmailId, "", only)]);
            }

            return;
        }

        foreach (var host in recipients.Where(one => _room.TryStart(one.Id)).GroupBy(one => one.Recipient.ForwardPath.Mailbox.Host))
        {
            Dispatch(host.Key, [.. host.Select(one => new QueuedRecipient(one.Id, message.EmailId, "", one))]);
        }
    }

    private async Task TakeDueAsync(CancellationToken stoppingToken)
    {
        var due = new List<WaitingRecipient>();
        while (!stoppingToken.IsCancellationRequested)
        {
            var read = false;
            try
            {
                read = await ReadStoreAsync(stoppingToken);
                await TakeOrdersAsync(stoppingToken);
            }
            catch (Exception fault) when (fault is IOException or System.Data.Common.DbException)
            {
                // The store fails for now: what is in memory goes on, and the store is read again after the next sleep.
                _parts.Logger.StoreNotRead(fault.Message);
            }

            due.Clear();
            _room.TakeDue(_parts.Clock.GetUtcNow(), StorePage, due);
            for (var i = 0; i < due.Count;)
            {
                // Recipients of one message and one host lie side by side: they share a transaction.
                var end = i + 1;
                while (end < due.Count && due[end].EmailId == due[i].EmailId && ReferenceEquals(due[end].Host, due[i].Host))
                {
                    end++;
                }

                Dispatch(due[i].Host, [.. due[i..end].Select(one => new QueuedRecipient(one.Id, one.EmailId, one.Host, null))]);
                i = end;
            }

            if (!read && due.Count == 0)
            {
                await SleepAsync(stoppingToken);
            }
        }
    }

    /// <summary>Reads the next page of the due index, as long as there is room in memory.</summary>
    /// <returns>True when there may be more to read at once.</returns>
    private async Task<bool> ReadStoreAsync(CancellationToken stoppingToken)
    {
        if (_fresh.TakeMissedSince() is { } missed && (missed < _cursor.DueAt || !_storeHasMore))
        {
            (_cursor, _storeHasMore) = (new DueCursor(missed.AddSeconds(-1), default), true);
        }

        if (!_storeHasMore || _room.Count >= _parts.Options.MaxWaitingInMemory)
        {
            return false;
        }

        var page = await _spool.WaitingAsync(_cursor, DateTimeOffset.MaxValue, StorePage, stoppingToken);
        foreach (var recipient in page)
        {
            _room.TryWait(recipient);
        }

        if (page.Count > 0)
        {
            _cursor = new DueCursor(page[^1].DueAt, page[^1].Id);
        }

        _storeHasMore = page.Count == StorePage;
        return _storeHasMore;
    }

    private async Task SleepAsync(CancellationToken stoppingToken)
    {
        var now = _parts.Clock.GetUtcNow();
        var until = _room.NextDue is { } next && next < now + LongestSleep ? next : now + LongestSleep;
        Interlocked.Exchange(ref _nextDueTicks, until.UtcTicks);
        if (!_asked.IsEmpty || (_room.NextDue is { } sooner && sooner < until))
        {
            return; // It came in between.
        }

        using var end = new CancellationTokenSource(until > now ? until - now : TimeSpan.Zero, _parts.Clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(end.Token, stoppingToken);
        try
        {
            await _wake.WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (!stoppingToken.IsCancellationRequested)
        {
            // The time has come.
        }
        finally
        {
            Interlocked.Exchange(ref _nextDueTicks, 0);
        }
    }

    private void WakeFor(DateTimeOffset due)
    {
        if (due.UtcTicks < Interlocked.Read(ref _nextDueTicks) && _wake.CurrentCount == 0)
        {
            try
            {
                _wake.Release();
            }
            catch (SemaphoreFullException)
            {
                // Somebody else has woken it in the same moment.
            }
        }
    }

    private void Dispatch(string host, QueuedRecipient[] recipients)
    {
        var routing = _router.RouteAsync(host, _stopping.Token);
        if (routing.IsCompletedSuccessfully)
        {
            Enqueue(routing.Result, recipients);
            return;
        }

        Own(DispatchLaterAsync(routing, recipients));
    }

    private async Task DispatchLaterAsync(ValueTask<Route> routing, QueuedRecipient[] recipients)
    {
        try
        {
            Enqueue(await routing, recipients);
        }
        catch (OperationCanceledException)
        {
            // The host stops: they are found at the next start.
        }
        catch (Exception fault)
        {
            _parts.Logger.LaneFaulted("routing", fault);
            _services.PutOff(recipients);
        }
    }

    private void Enqueue(Route route, QueuedRecipient[] recipients)
    {
        if (route is not Route.Hosts hosts)
        {
            Own(RecordUnroutedAsync(route, recipients));
            return;
        }

        var destination = _destinations.GetOrAdd(hosts.NextHop, static (nextHop, options) => options.NewDestination(nextHop), this);
        destination.Route = hosts;
        if (destination.Add(recipients, out var idle))
        {
            OpenLane(destination);
        }

        idle?.Wake();
    }

    private Destination NewDestination(NextHop nextHop) => _hasSmartHost
        ? new Destination(nextHop, _parts.Options.MaxConnectionsToSmartHost, _parts.Options.MaxMessagesPerSmartHostConnection)
        : new Destination(nextHop, _parts.Options.MaxConnectionsPerNextHop, _parts.Options.MaxMessagesPerConnection);

    private async Task RecordUnroutedAsync(Route route, QueuedRecipient[] recipients)
    {
        try
        {
            var loaded = await _services.LoadAsync([.. recipients]);
            if (loaded.Count > 0)
            {
                await _services.RecordAsync(UnsentAttempt.Of(route, _parts.Clock.GetUtcNow()).For(loaded, _parts.Judge), loaded);
            }
        }
        catch (Exception fault)
        {
            _parts.Logger.LaneFaulted(route.Name, fault);
            _services.PutOff(recipients);
        }
    }

    private void OpenLane(Destination destination)
    {
        if (Interlocked.Increment(ref _lanes) > _parts.Options.MaxConnections)
        {
            Interlocked.Decrement(ref _lanes);
            destination.LaneNotOpened();
            _starved.Enqueue(destination);
            return;
        }

        Own(Task.Run(() => RunLaneAsync(destination)));
    }

    private async Task RunLaneAsync(Destination destination)
    {
        await new DeliveryLane(_services, destination, _stopping.Token).RunAsync();
        Interlocked.Decrement(ref _lanes);
        if (_stopping.IsCancellationRequested)
        {
            return;
        }

        if (destination.LaneEnded())
        {
            OpenLane(destination);
        }

        if (_starved.TryDequeue(out var starved) && starved.WantsLane())
        {
            OpenLane(starved);
        }
    }

    // Every task has an owner: shutdown waits for these.
    private void Own(Task task)
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
}

/// <summary>What the scheduler works with.</summary>
internal sealed record SchedulerParts(
    LaneServices Services, LaneParts Lanes, WaitingRoom Room, ISpool Spool, FreshMail Fresh, Router Router, LiveFeed Live, bool HasSmartHost);
