using Microsoft.Extensions.Logging;
using Waybill.Engine.Delivering.Client;
using Waybill.Engine.Operating.Delivery;
using Waybill.Engine.Recording;
using Waybill.Engine.Spooling;

namespace Waybill.Engine.Delivering;

/// <summary>What a lane asks of the house: loading, connecting, recording, and where a recipient goes after its outcome.</summary>
internal sealed class LaneServices(ISpool spool, WaitingRoom room, Backlog backlog, FreshMail fresh, Bouncer bouncer, LaneParts parts)
{
    private static readonly Dictionary<EventKind, KeyValuePair<string, object?>> Outcomes =
        Enum.GetValues<EventKind>().ToDictionary(kind => kind, kind => new KeyValuePair<string, object?>("outcome", kind.ToString()));

    private static readonly TimeSpan AfterFault = TimeSpan.FromMinutes(5);

    public DeliveryOptions Options => parts.Options;

    public SmtpConnector Connector => parts.Connector;

    public AttemptJudge Judge => parts.Judge;

    public IDotWatch Dots => parts.Dots;

    public IContentStore Content => parts.Content;

    public TimeProvider Clock => parts.Clock;

    public ILogger<DeliveryScheduler> Logger => parts.Logger;

    /// <summary>Recipients of a transaction before the peer's own limit is known.</summary>
    public const int MaxRecipients = 100;

    /// <summary>Told when a recipient waits for another attempt, so that the timer is set anew.</summary>
    public Action<DateTimeOffset> Waits { get; set; } = static _ => { };

    /// <summary>Whether connections are so many that none should rest.</summary>
    public Func<bool> IsCrowded { get; set; } = static () => false;

    /// <summary>Whether destinations with work wait for a lane: then one that has had its connection's worth gives its place up.</summary>
    public Func<bool> OthersStarve { get; set; } = static () => false;

    /// <summary>Puts recipients off after a fault of this server's own: they are tried again in a while, whatever the fault was.</summary>
    public void PutOff(IEnumerable<QueuedRecipient> recipients)
    {
        var due = parts.Clock.GetUtcNow() + AfterFault;
        foreach (var recipient in recipients)
        {
            room.Wait(new WaitingRecipient(recipient.Id, recipient.EmailId, recipient.Host, due));
        }

        Waits(due);
    }

    public void PutOff(IEnumerable<DueRecipient> recipients) =>
        PutOff(recipients.Select(one => new QueuedRecipient(one.Id, one.Message.EmailId, one.Recipient.ForwardPath.Mailbox.Host, one)));

    /// <summary>Loads those that are known by id only. A recipient that waits no longer is left out and forgotten.</summary>
    public async ValueTask<IReadOnlyList<DueRecipient>> LoadAsync(List<QueuedRecipient> batch)
    {
        // One that was cancelled while it stood in a queue is looked after no longer.
        if (batch.TrueForAll(recipient => recipient.Loaded is not null && room.LooksAfter(recipient.Id)))
        {
            return batch.ConvertAll(static recipient => recipient.Loaded!);
        }

        IReadOnlyList<DueRecipient> loaded = await spool.LoadAsync(batch.ConvertAll(static recipient => recipient.Id), CancellationToken.None);
        if (loaded.Count < batch.Count)
        {
            var found = loaded.Select(recipient => recipient.Id).ToHashSet();
            foreach (var gone in batch.Where(recipient => !found.Contains(recipient.Id)))
            {
                room.Leave(gone.Id);
                backlog.Tried(1);
            }
        }

        return loaded;
    }

    /// <summary>Makes outcomes durable, with the bounce they call for, and sends each recipient where it belongs.</summary>
    public async Task RecordAsync(AttemptRecord record, IReadOnlyList<DueRecipient> recipients)
    {
        var report = await bouncer.ReportOfAsync(record, recipients);
        var accepted = await spool.RecordAsync(record, report);
        backlog.Tried(recipients.Count(static recipient => recipient.Attempts == 0));
        EngineMetrics.AttemptSeconds.Record((record.Attempt.EndedAt - record.Attempt.StartedAt).TotalSeconds);
        for (var i = 0; i < record.Outcomes.Count; i++)
        {
            var outcome = record.Outcomes[i];
            EngineMetrics.Attempts.Add(1, Outcomes[outcome.Kind]);
            if (outcome.NextAttemptAt is not { } due)
            {
                room.Leave(outcome.Id);
                continue;
            }

            var recipient = recipients[i].Id == outcome.Id ? recipients[i] : recipients.First(one => one.Id == outcome.Id);
            parts.Logger.Deferred(recipient.Message.EmailId, outcome.Status, due);
            room.Wait(new WaitingRecipient(outcome.Id, recipient.Message.EmailId, recipient.Recipient.ForwardPath.Mailbox.Host, due));
            Waits(due);
        }

        if (accepted is not null)
        {
            backlog.Accepted(accepted.Recipients.Count);
            fresh.Offer(accepted);
        }
    }

    /// <summary>The content could not be read: our own fault, tried again later, or for good when it is gone.</summary>
    public AttemptRecord ContentFault(IReadOnlyList<DueRecipient> recipients, IOException fault)
    {
        var now = parts.Clock.GetUtcNow();
        var attempt = new Attempt { StartedAt = now, EndedAt = now, Dialogue = [new DialogueLine(0, Speaker.Note, fault.Message)] };
        var verdict = fault is ContentGoneException
            ? new Verdict(EventKind.SoftBounced, new(5, 3, 0), "The message's content is no longer kept: " + fault.Message)
            : new Verdict(EventKind.Deferred, new(4, 3, 0), "The message's content could not be read: " + fault.Message);
        return parts.Judge.Decide(attempt, recipients, verdict);
    }
}

/// <summary>The parts that every lane shares.</summary>
internal sealed record LaneParts(
    DeliveryOptions Options,
    SmtpConnector Connector,
    AttemptJudge Judge,
    IDotWatch Dots,
    IContentStore Content,
    TimeProvider Clock,
    ILogger<DeliveryScheduler> Logger);
