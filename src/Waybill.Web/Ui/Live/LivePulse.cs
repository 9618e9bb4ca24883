using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Waybill.Engine.Recording;

namespace Waybill.Web.Ui.Live;

/// <summary>Turns any number of changes into a refresh now and then: the first at once, the others no closer than the interval.</summary>
public sealed class LivePulse : IAsyncDisposable
{
    // Holds one note that something changed. More would say the same, so they are dropped.
    private readonly Channel<bool> _changed = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly CancellationTokenSource _end = new();
    private readonly IDisposable _listening;
    private readonly Task _loop;

    /// <param name="concerns">Asked on the writer's thread for every change: cheap, and it never throws.</param>
    /// <param name="refresh">Never runs twice at once.</param>
    public LivePulse(LiveFeed feed, Func<LiveChange, bool> concerns, TimeSpan interval, TimeProvider clock, ILogger logger, Func<Task> refresh)
    {
        _loop = RunAsync(interval, clock, logger, refresh);
        _listening = feed.Listen(changes =>
        {
            foreach (var change in changes)
            {
                if (concerns(change))
                {
                    _changed.Writer.TryWrite(true);
                    return;
                }
            }
        });
    }

    public async ValueTask DisposeAsync()
    {
        _listening.Dispose();
        await _end.CancelAsync();
        await _loop;
        _end.Dispose();
    }

    private async Task RunAsync(TimeSpan interval, TimeProvider clock, ILogger logger, Func<Task> refresh)
    {
        try
        {
            while (await _changed.Reader.WaitToReadAsync(_end.Token))
            {
                _changed.Reader.TryRead(out _);
                try
                {
                    await refresh();
                }
                catch (Exception fault) when (!_end.IsCancellationRequested)
                {
                    // The page keeps what it shows; the next change tries again.
                    logger.RefreshFailed(fault);
                }

                await Task.Delay(interval, clock, _end.Token);
            }
        }
        catch (OperationCanceledException) when (_end.IsCancellationRequested)
        {
            // The page was closed.
        }
        catch (ObjectDisposedException) when (_end.IsCancellationRequested)
        {
            // The page was closed while it was drawing.
        }
    }
}
