namespace Waybill.Mail.Messages;

/// <summary>Our name for an accepted message: 63 bits that sort by time of acceptance, written as 13 characters.</summary>
/// <remarks>
/// 40 bits of milliseconds since 2026-01-01, 10 bits of node, 13 bits of sequence. The recipients of a message take
/// the values from this one upwards (<see cref="RecipientId"/>), so one number finds a recipient in every table.
/// The text is Crockford's base 32 in lower case: no letter is taken for a digit when it is read out on the telephone.
/// </remarks>
public readonly record struct EmailId(long Value) : IComparable<EmailId>
{
    /// <summary>Characters of the text form.</summary>
    public const int TextLength = 13;

    private const string Digits = "0123456789abcdefghjkmnpqrstvwxyz";

    /// <summary>The instant the milliseconds are counted from.</summary>
    public static readonly DateTimeOffset Epoch = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>When the id was given, to the millisecond (a burst may run a little ahead of the clock).</summary>
    public DateTimeOffset At => Epoch.AddMilliseconds(Value >> 23);

    /// <summary>The smallest id that can be given at or after an instant: a bound for searches by time.</summary>
    public static EmailId FirstAt(DateTimeOffset at) =>
        new(Math.Max(0, (long)(at - Epoch).TotalMilliseconds) << 23);

    /// <summary>Reads the text form; letters of either case, and i, l, o as Crockford reads them.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out EmailId id)
    {
        id = default;
        if (text.Length != TextLength)
        {
            return false;
        }

        ulong value = 0;
        foreach (var c in text)
        {
            var digit = Digits.IndexOf(char.ToLowerInvariant(c) switch { 'i' or 'l' => '1', 'o' => '0', var d => d });
            if (digit < 0)
            {
                return false;
            }

            value = (value << 5) | (uint)digit;
        }

        // 13 digits hold 65 bits; the two that are too many must be zero.
        if (Digits.IndexOf(char.ToLowerInvariant(text[0])) > 7 || value > long.MaxValue)
        {
            return false;
        }

        id = new EmailId((long)value);
        return true;
    }

    public int CompareTo(EmailId other) => Value.CompareTo(other.Value);

    public override string ToString() => string.Create(TextLength, Value, static (text, value) =>
    {
        for (var i = text.Length - 1; i >= 0; i--)
        {
            text[i] = Digits[(int)(value & 31)];
            value >>= 5;
        }
    });
}
