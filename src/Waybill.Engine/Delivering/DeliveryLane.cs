using Waybill.Engine.Delivering.Client;
using Waybill.Engine.Recording;
using Waybill.Engine.Spooling;

namespace Waybill.Engine.Delivering;

/// <summary>One connection's worth of work for a destination: takes a message, sends it, records what came of it, takes the next.</summary>
internal sealed class DeliveryLane(LaneServices services, Destination destination, CancellationToken stopping)
{
    // An attempt that failed before any message was begun counts for all that waited for it, so many at a time.
    private const int UnsentBatch = 500;

    private readonly List<QueuedRecipient> _batch = [];
    private readonly SemaphoreSlim _wake = new(0, 1);
    private SmtpClientConnection? _connection;
    private Task _recording = Task.CompletedTask;
    private int _taken;

    /// <summary>Wakes the lane from its rest. Called once for each time it was taken out of the destination's idle lanes.</summary>
    public void Wake() => _wake.Release();

    /// <summary>Works until nothing is due and the rest is over. Never throws.</summary>
    public async Task RunAsync()
    {
        try
        {
            while (!stopping.IsCancellationRequested && !GivesWay() && (TryTake() || await RestAsync()))
            {
                if (_batch.Count > 0)
                {
                    await DeliverAsync();
                }
            }

            await _recording;
        }
        catch (Exception fault)
        {
            // A bug of ours, or a store that is closed: nothing is lost, what was taken is tried again later.
            services.Logger.LaneFaulted(destination.NextHop.Key, fault);
            services.PutOff(_batch);
        }
        finally
        {
            await CloseAsync();
            _wake.Dispose();
        }
    }

    // With every lane taken, a destination that always has work would keep the others waiting for ever.
    private bool GivesWay() => _taken >= destination.MaxMessages && services.OthersStarve();

    private bool TryTake() => destination.TryTake(_connection?.MaxRecipients ?? LaneServices.MaxRecipients, _batch);

    /// <summary>Rests with the connection open, for the next message to find it warm.</summary>
    /// <returns>False when the lane should end.</returns>
    private async Task<bool> RestAsync()
    {
        await _recording;
        if (_connection is not { IsUsable: true } connection || connection.MessagesCarried >= destination.MaxMessages
            || services.IsCrowded())
        {
            await CloseAsync();
            return false;
        }

        if (!destination.TryRest(this))
        {
            return true;
        }

        try
        {
            if (await WaitAsync(services.Options.IdleTime))
            {
                return true;
            }
        }
        catch (OperationCanceledException)
        {
            // The host stops; the lane ends like one whose rest is over.
        }

        if (destination.TryEndRest(this))
        {
            return false;
        }

        await _wake.WaitAsync(CancellationToken.None); // Woken in the same moment: the work is ours.
        return true;
    }

    private async Task<bool> WaitAsync(TimeSpan time)
    {
        if (services.Clock == TimeProvider.System)
        {
            return await _wake.WaitAsync(time, stopping);
        }

        using var end = new CancellationTokenSource(time, services.Clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(end.Token, stopping);
        try
        {
            await _wake.WaitAsync(either.Token);
            return true;
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            return false;
        }
    }

    private async Task DeliverAsync()
    {
        _taken++;
        var recipients = await services.LoadAsync(_batch);
        if (recipients.Count == 0)
        {
            return;
        }

        using var span = EngineMetrics.Activity.StartActivity("attempt");
        span?.SetTag("waybill.email_id", recipients[0].Message.EmailId.ToString());
        span?.SetTag("waybill.recipients", recipients.Count);
        if (await ConnectAsync() is { } failed)
        {
            await RecordUnsentAsync(failed, recipients);
            return;
        }

        AttemptRecord record;
        try
        {
            using var content = services.Content.Open(recipients[0].Message.Content);
            record = await _connection!.SendAsync(recipients, content, services.Dots, stopping);
        }
        catch (IOException fault)
        {
            record = services.ContentFault(recipients, fault);
        }

        // The next message goes out while this outcome is made durable; only one outcome is ever out.
        await _recording;
        _recording = services.RecordAsync(record, recipients);
    }

    private async Task<UnsentAttempt?> ConnectAsync()
    {
        if (_connection is { IsUsable: true } open && open.MessagesCarried < destination.MaxMessages)
        {
            return null;
        }

        await CloseAsync();
        EngineMetrics.Connections.Add(1, new KeyValuePair<string, object?>("direction", "out"));
        switch (await services.Connector.OpenAsync(destination.Route!, stopping))
        {
            case OpenResult.Opened opened:
                _connection = opened.Connection;
                return null;
            case OpenResult.NotOpened failed:
                return failed.Attempt;
            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }

    private async Task RecordUnsentAsync(UnsentAttempt failed, IReadOnlyList<DueRecipient> recipients)
    {
        await services.RecordAsync(failed.For(recipients, services.Judge), recipients);
        while (!stopping.IsCancellationRequested)
        {
            _batch.Clear();
            destination.TakeAny(UnsentBatch, _batch);
            var others = await services.LoadAsync(_batch);
            if (_batch.Count == 0)
            {
                return;
            }

            foreach (var ofMessage in others.GroupBy(recipient => recipient.Message.EmailId))
            {
                IReadOnlyList<DueRecipient> group = [.. ofMessage];
                await services.RecordAsync(failed.For(group, services.Judge), group);
            }
        }
    }

    private async Task CloseAsync()
    {
        if (_connection is { } connection)
        {
            _connection = null;
            await connection.DisposeAsync();
        }
    }
}
