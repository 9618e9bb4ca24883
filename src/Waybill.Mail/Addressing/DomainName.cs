using System.Buffers;
using System.Globalization;
using System.Text;

namespace Waybill.Mail.Addressing;

/// <summary>A fully qualified domain name, kept as its lower-case A-label form (RFC 5890 §2.3.2.1) without a trailing dot.</summary>
/// <remarks>Two names are equal when they name the same domain: case and U-label or A-label spelling do not matter.</remarks>
public readonly record struct DomainName
{
    /// <summary>Longest domain in octets (RFC 5321 §4.5.3.1.2).</summary>
    public const int MaxOctets = 255;

    // With UseStd3AsciiRules off an underscore is let through: "_dmarc" and "em12_x" names occur in mail.
    private static readonly IdnMapping Idn = new() { UseStd3AsciiRules = false, AllowUnassigned = false };
    private static readonly SearchValues<char> PlainLabelChars =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-_.");

    private readonly string? _ascii;

    private DomainName(string ascii) => _ascii = ascii;

    /// <summary>The A-label form, as it goes on the wire and into DNS.</summary>
    public string Ascii => _ascii ?? throw new InvalidOperationException("This domain name was never set.");

    /// <summary>The U-label form, for people to read.</summary>
    public string Unicode
    {
        get
        {
            try
            {
                return Ascii.Contains("xn--", StringComparison.Ordinal) ? Idn.GetUnicode(Ascii) : Ascii;
            }
            catch (ArgumentException)
            {
                return Ascii; // An A-label that decodes to nothing valid stays what it is.
            }
        }
    }

    /// <summary>Reads a domain name in either form.</summary>
    /// <returns>False when it is empty, longer than 255 octets, has a label over 63 octets, or a character no host name has.</returns>
    public static bool TryParse(ReadOnlySpan<char> text, out DomainName name)
    {
        name = default;
        if (text.EndsWith("."))
        {
            text = text[..^1];
        }

        if (text.IsEmpty || text.Length > MaxOctets)
        {
            return false;
        }

        var lower = text.ToString();
        if (lower.AsSpan().ContainsAnyExcept(PlainLabelChars))
        {
            lower = lower.ToLowerInvariant();
            if (!Ascii7(lower) && !TryToAscii(lower, out lower))
            {
                return false;
            }
        }

        if (!LabelsAreValid(lower))
        {
            return false;
        }

        name = new DomainName(lower);
        return true;
    }

    /// <exception cref="FormatException">The text is no domain name; show the reader the rule of <see cref="TryParse"/>.</exception>
    public static DomainName Parse(string text) =>
        TryParse(text, out var name) ? name : throw new FormatException($"'{text}' is not a domain name.");

    public override string ToString() => _ascii ?? "";

    private static bool Ascii7(string text) => Encoding.UTF8.GetByteCount(text) == text.Length;

    private static bool TryToAscii(string text, out string ascii)
    {
        try
        {
            ascii = Idn.GetAscii(text.Normalize(NormalizationForm.FormC)).ToLowerInvariant();
            return true;
        }
        catch (ArgumentException)
        {
            ascii = "";
            return false;
        }
    }

    private static bool LabelsAreValid(string name)
    {
        if (name.Length > MaxOctets || name.AsSpan().ContainsAnyExcept(PlainLabelChars))
        {
            return false;
        }

        foreach (var range in name.AsSpan().Split('.'))
        {
            var label = name.AsSpan(range);
            if (label.IsEmpty || label.Length > 63 || label[0] == '-' || label[^1] == '-')
            {
                return false;
            }
        }

        return true;
    }
}
