using System.Threading.Channels;

namespace Waybill.Engine.Spooling;

/// <summary>Hands just accepted recipients to whoever delivers, in memory: they are already durable.</summary>
/// <remarks>When it is full nothing waits and nothing is lost: the recipient is found later by its due time, like any other.</remarks>
public sealed class FreshMail
{
    // Full: Offer says no, and the scheduler reads the store again from the earliest instant it was told of.
    private readonly Channel<DueRecipient> _channel = Channel.CreateBounded<DueRecipient>(
        new BoundedChannelOptions(20_000) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });

    private long _missedSince = long.MaxValue;

    public ChannelReader<DueRecipient> Reader => _channel.Reader;

    /// <summary>Offers a recipient that is due since it was accepted.</summary>
    public void Offer(DueRecipient recipient)
    {
        if (_channel.Writer.TryWrite(recipient))
        {
            return;
        }

        var since = recipient.Message.AcceptedAt.UtcTicks;
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

    /// <summary>The earliest due time of a recipient that found no room since the last call; null when all did.</summary>
    public DateTimeOffset? TakeMissedSince()
    {
        var ticks = Interlocked.Exchange(ref _missedSince, long.MaxValue);
        return ticks == long.MaxValue ? null : new DateTimeOffset(ticks, TimeSpan.Zero);
    }
}
