using System.Threading.Channels;

namespace Waybill.Engine.Spooling;

/// <summary>Hands just accepted messages to whoever delivers, in memory: they are already durable.</summary>
/// <remarks>When it is full nothing waits and nothing is lost: its recipients are found later by their due time, like any other.</remarks>
public sealed class FreshMail
{
    // Full: Offer says no, and the scheduler reads the store again from the earliest instant it was told of.
    private readonly Channel<AcceptedMessage> _channel = Channel.CreateBounded<AcceptedMessage>(
        new BoundedChannelOptions(10_000) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });

    private long _missedSince = long.MaxValue;

    public ChannelReader<AcceptedMessage> Reader => _channel.Reader;

    /// <summary>Offers a message whose recipients are due since it was accepted.</summary>
    public void Offer(AcceptedMessage message)
    {
        if (_channel.Writer.TryWrite(message))
        {
            return;
        }

        var since = message.Recipients[0].Message.AcceptedAt.UtcTicks;
        var seen = Interlocked.Read(ref _missedSince);
        while (since < seen)
        {
            var before = Interlocked.CompareExchange(ref _missedSince, since, seen);
            if (before == seen)
            {
                return;
            }

            seen = before;
        }
    }

    /// <summary>The earliest due time of a message that found no room since the last call; null when all did.</summary>
    public DateTimeOffset? TakeMissedSince()
    {
        var ticks = Interlocked.Exchange(ref _missedSince, long.MaxValue);
        return ticks == long.MaxValue ? null : new DateTimeOffset(ticks, TimeSpan.Zero);
    }
}
