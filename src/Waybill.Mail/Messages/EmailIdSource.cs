namespace Waybill.Mail.Messages;

/// <summary>Gives email ids that never repeat on this node and never go back, whatever the clock does. Any thread may ask.</summary>
public sealed class EmailIdSource
{
    /// <summary>Nodes that can give ids side by side.</summary>
    public const int MaxNodes = 1024;

    private const int SequenceBits = 13;
    private const int SequenceMask = (1 << SequenceBits) - 1;

    private readonly TimeProvider _clock;
    private readonly long _node;
    private readonly Lock _lock = new();
    private long _milliseconds;
    private int _sequence;

    /// <param name="node">This node's number, 0 to 1023; two live nodes must not share one.</param>
    /// <param name="floor">The highest id already given, so that a clock set back across a restart repeats none.</param>
    public EmailIdSource(TimeProvider clock, int node, EmailId floor)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(node);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(node, MaxNodes);
        (_clock, _node) = (clock, (long)node << SequenceBits);
        _milliseconds = floor.Value >> 23;
        _sequence = SequenceMask;
    }

    /// <summary>Gives the id of a message and reserves the values its recipients take.</summary>
    /// <param name="recipients">How many recipients it has, at most 4,096.</param>
    public EmailId Next(int recipients)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(recipients, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(recipients, 4096);
        var now = (long)(_clock.GetUtcNow() - EmailId.Epoch).TotalMilliseconds;
        lock (_lock)
        {
            if (now > _milliseconds)
            {
                (_milliseconds, _sequence) = (now, 0);
            }
            else if (_sequence + recipients > SequenceMask)
            {
                // This millisecond is used up: the next one is borrowed from the future.
                (_milliseconds, _sequence) = (_milliseconds + 1, 0);
            }

            var id = new EmailId((_milliseconds << 23) | _node | (uint)_sequence);
            _sequence += recipients;
            return id;
        }
    }
}
