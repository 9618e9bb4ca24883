using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Waybill.Engine.Recording;
using Waybill.Mail.Messages;
using Waybill.Web.Ui.Live;

namespace Waybill.Tests.Web;

public sealed class LivePulseTests : IDisposable
{
    private static readonly LiveChange Change = new(1, new RecipientId(1), EventKind.Processed);

    private readonly LiveFeed _feed = new();
    private readonly FakeTimeProvider _clock = new();
    private readonly SemaphoreSlim _refreshed = new(0);
    private int _refreshes;

    [Fact]
    public async Task A_thousand_changes_are_one_refresh_now_and_one_after_the_interval()
    {
        await using var pulse = Pulse(_ => true);

        _feed.Publish([Change]);
        await _refreshed.WaitAsync(TestContext.Current.CancellationToken);
        for (var i = 0; i < 1_000; i++)
        {
            _feed.Publish([Change]);
        }

        // A loop that did not wait for the clock would be back long before this.
        Assert.False(await _refreshed.WaitAsync(100, TestContext.Current.CancellationToken));
        await AdvanceUntilRefreshedAsync();
        Assert.Equal(2, _refreshes);
    }

    [Fact]
    public async Task Changes_of_others_do_not_refresh()
    {
        await using var pulse = Pulse(change => change.AccountId == 1);

        _feed.Publish([Change with { AccountId = 2 }]);
        _feed.Publish([Change]);
        await _refreshed.WaitAsync(TestContext.Current.CancellationToken);

        Assert.Equal(1, _refreshes);
    }

    [Fact]
    public async Task A_refresh_that_fails_does_not_end_the_pulse()
    {
        await using var pulse = Pulse(_ => true, fail: true);

        _feed.Publish([Change]);
        await _refreshed.WaitAsync(TestContext.Current.CancellationToken);
        _feed.Publish([Change]);
        await AdvanceUntilRefreshedAsync();

        Assert.Equal(2, _refreshes);
    }

    [Fact]
    public async Task A_closed_page_no_longer_listens()
    {
        await Pulse(_ => true).DisposeAsync();

        Assert.False(_feed.HasListeners);
    }

    public void Dispose() => _refreshed.Dispose();

    private LivePulse Pulse(Func<LiveChange, bool> concerns, bool fail = false) =>
        new(_feed, concerns, TimeSpan.FromMilliseconds(500), _clock, NullLogger.Instance, () =>
        {
            Interlocked.Increment(ref _refreshes);
            _refreshed.Release();
            return fail ? throw new InvalidOperationException("planted") : Task.CompletedTask;
        });

    // The loop reaches its timer a moment after the refresh; the clock goes on until it has.
    private async Task AdvanceUntilRefreshedAsync()
    {
        do
        {
            _clock.Advance(TimeSpan.FromMilliseconds(500));
        }
        while (!await _refreshed.WaitAsync(20, TestContext.Current.CancellationToken));
    }
}
