using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Waybill.Engine.Operating.Retention;

namespace Waybill.Storage.Sqlite;

/// <summary>Removes what is past its retention, every hour.</summary>
internal sealed class RetentionTask(SqliteStore store, IOptions<RetentionOptions> options, TimeProvider clock, ILogger<RetentionTask> logger) : BackgroundService
{
    // Not at once: a server that starts has mail to send first.
    private static readonly TimeSpan First = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Every = TimeSpan.FromHours(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(First, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                timer.Period = Every;
                await RetainAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The host stops.
        }
    }

    private async Task RetainAsync(CancellationToken stoppingToken)
    {
        try
        {
            var removed = await store.RetainAsync(
                TimeSpan.FromDays(options.Value.ContentDays), TimeSpan.FromDays(options.Value.TimelineDays), stoppingToken);
            if (removed != default)
            {
                logger.Retained(removed.Partitions, removed.ContentDays);
            }
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or SqliteException)
        {
            logger.RetentionFailed(fault);
        }
    }
}
