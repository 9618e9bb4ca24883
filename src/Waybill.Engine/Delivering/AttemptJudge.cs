using Microsoft.Extensions.Options;
using Waybill.Engine.Recording;
using Waybill.Engine.Spooling;

namespace Waybill.Engine.Delivering;

/// <summary>Turns verdicts into outcomes: asks the schedule for the next attempt, and gives up when there is none.</summary>
public sealed class AttemptJudge(IOptions<RetryOptions> options, TimeProvider clock, Random random)
{
    private readonly RetrySchedule _schedule = new(options.Value);
    private readonly ulong _salt = (ulong)random.NextInt64();

    public DateTimeOffset Now => clock.GetUtcNow();

    /// <summary>What comes of a verdict for a recipient.</summary>
    public RecipientOutcome Decide(DueRecipient recipient, Verdict verdict, DateTimeOffset at)
    {
        var outcome = new RecipientOutcome
        {
            Id = recipient.Id,
            Kind = verdict.Kind,
            At = at,
            Info = verdict.Info,
            Status = verdict.Status?.ToString() ?? "",
            CountsAsAttempt = !verdict.TryAgainAtOnce,
        };
        if (verdict.Kind is not (EventKind.Deferred or EventKind.OutcomeUnknown))
        {
            return outcome;
        }

        var next = _schedule.NextAttempt(recipient.Message.AcceptedAt, at, recipient.Attempts + 1, ChanceOf(recipient));

        // The lifetime is over. The last reply is what the sender gets to read; an outcome that is unknown stays so in its words.
        return next is null
            ? outcome with { Kind = EventKind.SoftBounced, CountsAsAttempt = true }
            : outcome with { NextAttemptAt = verdict.TryAgainAtOnce ? at : next };
    }

    /// <summary>One verdict for every recipient of an attempt.</summary>
    public AttemptRecord Decide(Attempt attempt, IReadOnlyList<DueRecipient> recipients, Verdict verdict) =>
        new(attempt, [.. recipients.Select(recipient => Decide(recipient, verdict, attempt.EndedAt))]);

    // Drawn from the message and not from the recipient: recipients that wait together share their next transaction.
    private double ChanceOf(DueRecipient recipient)
    {
        // The finalizer of SplitMix64, which spreads neighbouring ids over the whole range.
        var mixed = _salt + (ulong)recipient.Message.EmailId.Value + ((ulong)recipient.Attempts * 0x9E3779B97F4A7C15);
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
        return ((mixed ^ (mixed >> 31)) >> 11) * (1.0 / (1UL << 53));
    }
}
