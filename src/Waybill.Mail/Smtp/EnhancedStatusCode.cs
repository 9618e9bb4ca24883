using System.Globalization;

namespace Waybill.Mail.Smtp;

/// <summary>An enhanced mail system status code: class.subject.detail (RFC 3463 §2).</summary>
public readonly record struct EnhancedStatusCode
{
    public EnhancedStatusCode(int @class, int subject, int detail)
    {
        if (@class is not (2 or 4 or 5) || subject is < 0 or > 999 || detail is < 0 or > 999)
        {
            throw new ArgumentOutOfRangeException(nameof(@class), $"{@class}.{subject}.{detail} is not a status code (RFC 3463 §2).");
        }

        (Class, Subject, Detail) = ((byte)@class, (ushort)subject, (ushort)detail);
    }

    public int Class { get; }

    public int Subject { get; }

    public int Detail { get; }

    /// <summary>Reads the code at the start of a reply's text.</summary>
    /// <param name="text">The text after the reply code.</param>
    /// <param name="code">The code, when there is one.</param>
    /// <returns>False when the text does not start with a status code followed by a blank or the end.</returns>
    public static bool TryParsePrefix(ReadOnlySpan<char> text, out EnhancedStatusCode code)
    {
        code = default;
        var end = text.IndexOf(' ');
        var word = end < 0 ? text : text[..end];
        if (word.Length is < 5 or > 9 || word[0] is not ('2' or '4' or '5') || word[1] != '.')
        {
            return false;
        }

        var rest = word[2..];
        var dot = rest.IndexOf('.');
        if (dot is < 1 or > 3
            || !int.TryParse(rest[..dot], NumberStyles.None, CultureInfo.InvariantCulture, out var subject)
            || !int.TryParse(rest[(dot + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var detail)
            || detail > 999)
        {
            return false;
        }

        code = new EnhancedStatusCode(word[0] - '0', subject, detail);
        return true;
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Class}.{Subject}.{Detail}");
}
