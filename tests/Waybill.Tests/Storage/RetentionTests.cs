using System.Globalization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Waybill.Engine.Operating.Retention;
using Waybill.Engine.Recording;
using Waybill.Engine.Spooling;
using Waybill.Storage.Sqlite;

namespace Waybill.Tests.Storage;

public sealed class RetentionTests : IAsyncDisposable
{
    private readonly SqliteUnderTest _store = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    [Fact]
    public async Task What_is_past_its_days_goes_within_the_hour_and_what_waits_stays()
    {
        var ended = await _store.AcceptAsync();
        await _store.RecordAsync(ended.Recipients[0].Id, EventKind.Delivered);
        _store.Clock.AdjustTime(StoreUnderTest.Noon.AddDays(1));
        var waits = await _store.AcceptAsync();
        _store.Clock.AdjustTime(StoreUnderTest.Noon.AddDays(9));
        await _store.AcceptAsync();
        await using var host = Host([]);
        var task = host.GetServices<IHostedService>().OfType<RetentionTask>().Single();
        await task.StartAsync(Token);

        while (Directory.Exists(Path.Combine(_store.DataDirectory, "content", "20261120")))
        {
            _store.Clock.Advance(TimeSpan.FromMinutes(1));
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, Token);
        }

        Assert.InRange(_store.Clock.GetUtcNow() - StoreUnderTest.Noon.AddDays(9), TimeSpan.FromMinutes(5), TimeSpan.FromHours(1));
        Assert.Throws<ContentGoneException>(() => _store.Content.Open(ended.Recipients[0].Message.Content));
        using (_store.Content.Open(waits.Recipients[0].Message.Content))
        {
            Assert.Equal(2, _store.Spool.WaitingCount);
        }

        await task.StopAsync(Token);
    }

    [Fact]
    public async Task The_defaults_are_a_week_of_content_and_a_quarter_of_timelines()
    {
        await using var host = Host([]);

        var options = host.GetRequiredService<IOptions<RetentionOptions>>().Value;

        Assert.Equal((7, 90), (options.ContentDays, options.TimelineDays));
    }

    [Theory]
    [InlineData(0, 90)]
    [InlineData(7, 0)]
    [InlineData(30, 7)]
    public async Task Days_that_make_no_sense_are_refused_at_the_start(int content, int timeline)
    {
        await using var host = Host(new()
        {
            ["Waybill:Retention:ContentDays"] = content.ToString(CultureInfo.InvariantCulture),
            ["Waybill:Retention:TimelineDays"] = timeline.ToString(CultureInfo.InvariantCulture),
        });

        Assert.Throws<OptionsValidationException>(() => host.GetRequiredService<IOptions<RetentionOptions>>().Value);
    }

    private ServiceProvider Host(Dictionary<string, string?> settings) => new ServiceCollection()
        .AddLogging()
        .AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(settings).Build())
        .AddSingleton<TimeProvider>(_store.Clock)
        .AddSingleton<LiveFeed>()
        .AddSqliteStore(_store.DataDirectory)
        .AddSingleton(_store.Opened)
        .BuildServiceProvider();
}
