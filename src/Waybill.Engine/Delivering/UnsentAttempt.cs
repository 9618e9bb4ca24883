using Waybill.Engine.Recording;
using Waybill.Engine.Routing;
using Waybill.Engine.Spooling;

namespace Waybill.Engine.Delivering;

/// <summary>An attempt that ended before any message was begun: no route, no connection, no welcome. It counts for whoever waited for it.</summary>
/// <param name="IsIncident">A 5yz at the greeting or EHLO: a next hop refuses this server as a whole, which an operator must hear of.</param>
public sealed record UnsentAttempt(Attempt Attempt, Verdict Verdict, bool IsIncident = false)
{
    /// <summary>The record of this attempt for the recipients that waited for it, of one message or of many.</summary>
    public AttemptRecord For(IReadOnlyList<DueRecipient> recipients, AttemptJudge judge) => judge.Decide(Attempt, recipients, Verdict);

    /// <summary>The attempt that a route ended which has no hosts.</summary>
    public static UnsentAttempt Of(Route route, DateTimeOffset at) => new(
        new Attempt
        {
            StartedAt = at,
            EndedAt = at,
            NextHop = route.Name,
            Dialogue = [.. route.Notes.Select(note => new DialogueLine(0, Speaker.Note, note))],
        },
        route switch
        {
            Route.Deferred deferred => OutcomeRules.OfRoute(deferred),
            Route.Unroutable unroutable => OutcomeRules.OfRoute(unroutable),
            _ => throw new ArgumentException("This route has hosts to try.", nameof(route)),
        });
}
