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
    private static readonly TimeSpan LongestTogether = TimeSpan.FromSeconds(1);

    private readonly LaneServices _services;
    private readonly LaneParts _parts;
    private readonly WaitingRoom _room;
    private readonly ISpool _spool;
    private readonly FreshMail _fresh;
    private readonly Router _router;
    private readonly LanePool _lanes;
    private readonly ConcurrentQueue<RecipientId> _asked = [];
    private readonly LiveFeed _live;
    private readonly SemaphoreSlim _wake = new(0, 1);
    private readonly CancellationTokenSource _stopping = new();
    private long _nextDueTicks = long.MaxValue;
    private DueCursor _cursor;
    private volatile bool _storeHasMore = true;

    public DeliveryScheduler(SchedulerParts parts)
    {
        (_services, _parts, _room, _spool, _fresh, _router) = (parts.Services, parts.Lanes, parts.Room, parts.Spool, parts.Fresh, parts.Router);
        _live = parts.Live;
        _lanes = new LanePool(_services, parts.HasSmartHost, _stopping.Token);
        _services.Waits = WakeFor;
    }

    /// <summary>Destinations with something due or a connection open, for operators.</summary>
    public IReadOnlyList<DestinationState> Destinations => _lanes.States;

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);

        // Running deliveries stop before their final dot, or end; what has not begun is found at the next start.
        await _stopping.CancelAsync();
        using var patience = new CancellationTokenSource(_parts.Options.DrainTime, _parts.Clock);
        try
        {
            await _lanes.DrainAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            _parts.Logger.DrainTimedOut(_lanes.Running);
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
            await Task.WhenAll(TakeFreshAsync(stoppingToken), TakeDueAsync(stoppingToken), _lanes.WatchAsync(stoppingToken));
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

    // A person's order is durable when it is heard of here; whoever gave it, by whatever way.
    private void NoteOrders(IReadOnlyList<LiveChange> changes)
    {
        foreach (var change in changes)
        {
            if (change.Kind == EventKind.RetryRequested)
            {
                _asked.Enqueue(change.Recipient);
                WakeFor(DateTimeOffset.MinValue);
            }
            else if (change.Kind == EventKind.Cancelled)
            {
                _room.Leave(change.Recipient);
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

    private void TakeFresh(AcceptedMessage message) => Dispatch(
        [.. message.Recipients.Where(one => _room.TryStart(one.Id))
            .Select(one => new QueuedRecipient(one.Id, message.EmailId, one.Recipient.ForwardPath.Mailbox.Host, one))]);

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
            DispatchDue(due);

            if (!read && due.Count == 0)
            {
                await SleepAsync(stoppingToken);
            }
        }
    }

    private void DispatchDue(List<WaitingRecipient> due)
    {
        // Recipients of one message that are due together share a transaction, so they go together.
        due.Sort(static (one, other) => (one.DueAt, one.Id.Value).CompareTo((other.DueAt, other.Id.Value)));
        for (var i = 0; i < due.Count;)
        {
            var end = i + 1;
            while (end < due.Count && due[end].EmailId == due[i].EmailId)
            {
                end++;
            }

            Dispatch([.. due[i..end].Select(one => new QueuedRecipient(one.Id, one.EmailId, one.Host, null))]);
            i = end;
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

        if (_room.Count > _parts.Options.MaxWaitingInMemory && _room.Shed(_parts.Options.MaxWaitingInMemory / 2) is { } first
            && (first < _cursor.DueAt || !_storeHasMore))
        {
            (_cursor, _storeHasMore) = (new DueCursor(first.AddMilliseconds(-1), default), true);
        }

        // Filled to three quarters only: what is deferred meanwhile finds room, and the room is not shed again at once.
        if (!_storeHasMore || _room.Count >= _parts.Options.MaxWaitingInMemory / 4 * 3)
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

    /// <summary>Finds the ways of recipients of one message, and gives those that share a next hop to it together.</summary>
    private void Dispatch(QueuedRecipient[] recipients)
    {
        if (recipients.Length == 0)
        {
            return;
        }

        if (recipients.Length == 1)
        {
            // The usual case, without a list of one.
            var way = _router.RouteAsync(recipients[0].Host, _stopping.Token);
            if (way.IsCompletedSuccessfully)
            {
                Enqueue(way.Result, recipients);
                return;
            }

            _lanes.Own(DispatchLaterAsync(new Routing(way.AsTask(), recipients)));
            return;
        }

        _lanes.Own(DispatchTogetherAsync([.. recipients.GroupBy(one => one.Host, StringComparer.Ordinal)
            .Select(group => new Routing(_router.RouteAsync(group.Key, _stopping.Token).AsTask(), [.. group]))]));
    }

    private async Task DispatchTogetherAsync(List<Routing> hosts)
    {
        var all = Task.WhenAll(hosts.Select(static host => host.Way));
        if (!all.IsCompleted)
        {
            // A host whose DNS is slow is waited for a moment, and then goes alone.
            await Task.WhenAny(all, Task.Delay(LongestTogether, _parts.Clock, CancellationToken.None));
        }

        var ready = hosts.FindAll(static host => host.Way.IsCompletedSuccessfully);
        var later = hosts.Except(ready).ToList();
        var routed = new List<(Route Route, QueuedRecipient[] Recipients)>(ready.Count);
        foreach (var host in ready)
        {
            routed.Add((await host.Way, host.Recipients));
        }

        foreach (var group in routed.GroupBy(static one => one.Route is Route.Hosts way ? (true, way.NextHop.Key) : (false, one.Route.Name)))
        {
            Enqueue(group.First().Route, [.. group.SelectMany(static one => one.Recipients)]);
        }

        await Task.WhenAll(later.Select(DispatchLaterAsync));
    }

    private async Task DispatchLaterAsync(Routing host)
    {
        try
        {
            Enqueue(await host.Way, host.Recipients);
        }
        catch (OperationCanceledException)
        {
            // The host stops: they are found at the next start.
        }
        catch (Exception fault)
        {
            _parts.Logger.LaneFaulted("routing", fault);
            _services.PutOff(host.Recipients);
        }
    }

    private void Enqueue(Route route, QueuedRecipient[] recipients)
    {
        try
        {
            if (route is Route.Hosts way)
            {
                _lanes.Add(way, recipients);
            }
            else
            {
                _lanes.Own(RecordUnroutedAsync(route, recipients));
            }
        }
        catch (Exception fault)
        {
            _parts.Logger.LaneFaulted(route.Name, fault);
            _services.PutOff(recipients);
        }
    }

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

    /// <summary>A host of a message, the way to it, and who is there.</summary>
    private sealed record Routing(Task<Route> Way, QueuedRecipient[] Recipients);
}

/// <summary>What the scheduler works with.</summary>
internal sealed record SchedulerParts(
    LaneServices Services, LaneParts Lanes, WaitingRoom Room, ISpool Spool, FreshMail Fresh, Router Router, LiveFeed Live, bool HasSmartHost);
