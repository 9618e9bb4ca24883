namespace Waybill.Engine.Delivering;

/// <summary>The times of attempts. Pure: the clock's reading and the chance are given.</summary>
public sealed class RetrySchedule(RetryOptions options)
{
    // The first waits are shorter than the 30 minutes of RFC 5321 §4.5.4.1 on purpose: one at 60 to 90 seconds
    // and one after 5 minutes clear most greylists.
    private static readonly TimeSpan[] DefaultWaits =
    [
        TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(15), TimeSpan.FromMinutes(30),
        TimeSpan.FromHours(1), TimeSpan.FromHours(2), TimeSpan.FromHours(4),
    ];

    private readonly TimeSpan[] _waits = options.Waits.Length > 0 ? options.Waits : DefaultWaits;

    /// <summary>The wait after a failed attempt.</summary>
    /// <param name="failedAttempts">Attempts that failed so far, this one included; at least 1.</param>
    /// <param name="chance">0 to 1: 0 gives the shortest wait, 0.5 the plain one, 1 the longest.</param>
    public TimeSpan WaitAfter(int failedAttempts, double chance)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(failedAttempts, 1);
        var wait = _waits[Math.Min(failedAttempts, _waits.Length) - 1];
        return wait * (1 + (options.Jitter * ((2 * chance) - 1)));
    }

    /// <summary>When the next attempt is due.</summary>
    /// <returns>Null to give up: the message's lifetime is over. The last attempt is made just then, never later.</returns>
    public DateTimeOffset? NextAttempt(DateTimeOffset acceptedAt, DateTimeOffset now, int failedAttempts, double chance)
    {
        var end = acceptedAt + options.Lifetime;
        if (now >= end)
        {
            return null;
        }

        var due = now + WaitAfter(failedAttempts, chance);
        return due < end ? due : end;
    }
}
