namespace Waybill.EndToEnd.Harness;

/// <summary>Waits for a condition, never for a time: a test goes on as soon as it may and fails with a sentence.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(50);

    /// <summary>Asks until there is an answer.</summary>
    /// <param name="what">What was waited for, as the failure says it.</param>
    public static async Task<T> GetAsync<T>(Func<Task<T?>> ask, TimeSpan within, string what)
        where T : class
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        var start = TimeProvider.System.GetTimestamp();
        while (true)
        {
            if (await ask() is { } answer)
            {
                return answer;
            }

            if (TimeProvider.System.GetElapsedTime(start) > within)
            {
                Assert.Fail($"Within {within.TotalSeconds:0.#} s: {what}");
            }

            await Task.Delay(Glance, TimeProvider.System, cancellationToken);
        }
    }

    /// <summary>Waits until it is so.</summary>
    public static Task TrueAsync(Func<bool> isSo, TimeSpan within, string what) =>
        GetAsync(() => Task.FromResult(isSo() ? "so" : null), within, what);

    /// <summary>Waits until it is so.</summary>
    public static Task TrueAsync(Func<Task<bool>> isSo, TimeSpan within, string what) =>
        GetAsync(async () => await isSo() ? "so" : null, within, what);

    /// <summary>Lets time pass where passing time is what is tested.</summary>
    public static Task PassAsync(TimeSpan time) => Task.Delay(time, TimeProvider.System, TestContext.Current.CancellationToken);
}
