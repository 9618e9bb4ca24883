namespace Waybill.Engine.Spooling;

/// <summary>How far acceptance has run ahead of delivery. Accepting adds, Delivering takes away; both only count.</summary>
/// <remarks>
/// The 250 is held back a little when too many accepted recipients have not had their first attempt, as Postfix does
/// with in_flow_delay: a sender that is faster than the world then sees a slower server, not an ever longer queue.
/// </remarks>
public sealed class Backlog
{
    private const int SoftLimit = 1_000;
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(1);

    private long _untried;

    /// <summary>Accepted recipients without a first attempt.</summary>
    public long Untried => Interlocked.Read(ref _untried);

    public void Accepted(int recipients) => Interlocked.Add(ref _untried, recipients);

    /// <summary>Counts first attempts. Those of an earlier run were never counted in, so the count stops at zero.</summary>
    public void Tried(int recipients)
    {
        if (recipients > 0 && Interlocked.Add(ref _untried, -recipients) < 0)
        {
            Interlocked.Exchange(ref _untried, 0);
        }
    }

    /// <summary>How long the next 250 waits: nothing up to 1,000 untried recipients, then 1 ms for every 100 more, a second at most.</summary>
    public TimeSpan Delay
    {
        get
        {
            var excess = Untried - SoftLimit;
            return excess <= 0
                ? TimeSpan.Zero
                : TimeSpan.FromMilliseconds(Math.Min(excess / 100 + 1, LongestDelay.TotalMilliseconds));
        }
    }
}
