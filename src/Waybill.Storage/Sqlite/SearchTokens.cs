using System.Buffers;
using System.Globalization;
using System.Text;
using Waybill.Mail.Addressing;

namespace Waybill.Storage.Sqlite;

/// <summary>Cuts what people search for into tokens. The index and the question go through the same knife.</summary>
/// <remarks>The full-text engine is told to split at blanks only; so an address, a Message-ID or a queue id is one token.</remarks>
internal static class SearchTokens
{
    private static readonly SearchValues<char> Joints = SearchValues.Create("-.:/_!@+");

    // The longest line of a message (RFC 5321 §4.5.3.1.6): no address, id or Message-ID is longer.
    private const int LongestToken = 998;

    /// <summary>The account, so that nobody's question looks through another's mail.</summary>
    public static string Account(int account) => "a" + account.ToString(CultureInfo.InvariantCulture);

    /// <summary>An address: whole, and its domain with the @.</summary>
    public static string Address(string address)
    {
        var lower = WholeAddress(address);
        var at = lower.LastIndexOf('@');
        return at < 0 ? lower : lower + " " + lower[at..];
    }

    /// <summary>A From field: every address in it, whole and by domain.</summary>
    public static string FromField(string from)
    {
        var result = new StringBuilder();
        foreach (var word in from.Split([' ', ',', ';', '<', '>', '"', '(', ')', '\t'], StringSplitOptions.RemoveEmptyEntries))
        {
            if (word.Contains('@'))
            {
                result.Append(Address(word)).Append(' ');
            }
        }

        return result.ToString();
    }

    /// <summary>One address or domain to look for. A domain is known by its A-label form, whichever was written.</summary>
    public static string WholeAddress(string text)
    {
        var whole = text.Trim().Trim('<', '>');
        var at = whole.LastIndexOf('@');
        return at >= 0 && !Ascii.IsValid(whole.AsSpan(at)) && DomainName.TryParse(whole.AsSpan(at + 1), out var domain)
            ? Fold(whole[..(at + 1)] + domain.Ascii)
            : Fold(whole);
    }

    /// <summary>A Message-ID without its angle brackets.</summary>
    public static string Whole(string text) => Fold(text.Trim().Trim('<', '>'));

    /// <summary>Words: runs of letters and digits.</summary>
    public static IEnumerable<string> Words(string text)
    {
        var start = -1;
        for (var i = 0; i <= text.Length; i++)
        {
            var inWord = i < text.Length && (char.IsLetterOrDigit(text[i]) || char.IsSurrogate(text[i]) || char.GetUnicodeCategory(text[i]) == UnicodeCategory.NonSpacingMark);
            if (inWord && start < 0)
            {
                start = i;
            }
            else if (!inWord && start >= 0)
            {
                yield return Fold(text[start..i]);
                start = -1;
            }
        }
    }

    /// <summary>A peer's reply: its words, and its ids whole as well as in parts.</summary>
    public static IEnumerable<string> Reply(string reply)
    {
        foreach (var piece in reply.Split([' ', '\t', '\r', '\n', '<', '>', '[', ']', '(', ')', ',', ';', '=', '"'], StringSplitOptions.RemoveEmptyEntries))
        {
            var token = piece.Trim('.', ':', '\'', '!', '?');
            if (token.Length == 0)
            {
                continue;
            }

            yield return Fold(token);
            if (token.AsSpan().IndexOfAny(Joints) < 0)
            {
                continue;
            }

            foreach (var part in Words(token))
            {
                yield return part;
            }
        }
    }

    /// <summary>What to ask for to find all of a reply's tokens: the whole pieces only.</summary>
    public static IEnumerable<string> ReplyQuestion(string text) =>
        text.Split([' ', '\t', '\r', '\n', '<', '>', '[', ']', '(', ')', ',', ';', '=', '"'], StringSplitOptions.RemoveEmptyEntries)
            .Select(piece => Fold(piece.Trim('.', ':', '\'', '!', '?')))
            .Where(token => token.Length > 0);

    // A blank or a quotation mark would cut the token in two, and a question for it would be refused as a phrase.
    private static string Fold(string text)
    {
        var lower = (text.Length <= LongestToken ? text : text[..LongestToken]).ToLowerInvariant();
        return lower.AsSpan().IndexOfAnyExceptInRange('!', char.MaxValue) < 0 && lower.AsSpan().IndexOfAny('"', '\x7f') < 0
            ? lower
            : string.Create(lower.Length, lower, static (span, source) =>
            {
                for (var i = 0; i < span.Length; i++)
                {
                    span[i] = source[i] is <= ' ' or '"' or '\x7f' ? '\u00b7' : source[i];
                }
            });
    }
}
