using System.Buffers;
using System.Globalization;
using System.Text;

namespace Waybill.Storage.Sqlite;

/// <summary>Cuts what people search for into tokens. The index and the question go through the same knife.</summary>
/// <remarks>The full-text engine is told to split at blanks only; so an address, a Message-ID or a queue id is one token.</remarks>
internal static class SearchTokens
{
    private static readonly SearchValues<char> Joints = SearchValues.Create("-.:/_!@+");

    private const int LongestToken = 120;

    /// <summary>An address: whole, and its domain with the @.</summary>
    public static string Address(string address)
    {
        var lower = Fold(address);
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

    /// <summary>A Message-ID without its angle brackets, or one address or domain to look for.</summary>
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

    private static string Fold(string text) =>
        (text.Length <= LongestToken ? text : text[..LongestToken]).Normalize(NormalizationForm.FormC).ToLowerInvariant();
}
