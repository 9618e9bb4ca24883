using CsCheck;
using Waybill.Engine.Delivering;

namespace Waybill.Tests.Delivering;

public class RetryScheduleTests
{
    private static readonly RetrySchedule Default = new(new RetryOptions());

    [Fact]
    public void The_waits_are_those_of_the_manual()
    {
        var minutes = Enumerable.Range(1, 9).Select(failed => Default.WaitAfter(failed, 0.5).TotalMinutes);

        Assert.Equal([1, 5, 15, 30, 60, 120, 240, 240, 240], minutes);
    }

    [Fact]
    public void Waits_grow_to_the_longest_and_stay_within_the_jitter() =>
        Gen.Select(Gen.Int[1, 60], Gen.Double[0, 1]).Sample((failed, chance) =>
        {
            var plain = Default.WaitAfter(failed, 0.5);
            var wait = Default.WaitAfter(failed, chance);
            Assert.InRange(wait / plain, 0.7999, 1.2001);
            Assert.True(Default.WaitAfter(failed + 1, chance) >= wait);
        });

    [Fact]
    public void The_last_attempt_is_made_when_the_lifetime_ends_and_then_it_is_given_up()
    {
        var end = Given.Noon + TimeSpan.FromHours(48);

        Assert.Equal(end, Default.NextAttempt(Given.Noon, end - TimeSpan.FromMinutes(10), 14, 0.5));
        Assert.Null(Default.NextAttempt(Given.Noon, end, 15, 0.5));
    }

    [Fact]
    public void A_message_is_always_given_up_at_last_and_never_early() =>
        Gen.Double[0, 1].List[300].Sample(chances =>
        {
            var (now, failed) = (Given.Noon, 0);
            while (Default.NextAttempt(Given.Noon, now, ++failed, chances[failed]) is { } next)
            {
                Assert.True(next > now);
                now = next;
            }

            Assert.Equal(Given.Noon + TimeSpan.FromHours(48), now);
        });

    [Theory]
    [InlineData(5, 1)]
    [InlineData(0, 1)]
    public void Waits_that_shrink_are_refused_at_start(int first, int second)
    {
        var options = new RetryOptions { Waits = [TimeSpan.FromMinutes(first), TimeSpan.FromMinutes(second)] };

        Assert.True(new RetryOptionsValidator().Validate(null, options).Failed);
        Assert.True(new RetryOptionsValidator().Validate(null, new RetryOptions()).Succeeded);
    }
}
