using System.Text.RegularExpressions;

namespace Waybill.Engine.Recording;

/// <summary>Finds what can be traced in whatever a person pasted: an id, an address, or a whole reply with an id in it.</summary>
public static partial class TraceTerms
{
    // A pasted mail or log must not become a hundred searches.
    private const int MostTerms = 8;
    private const int LongestText = 4_000;

    /// <summary>Terms to try in turn, the most telling first.</summary>
    public static IReadOnlyList<string> In(string pasted)
    {
        var text = (pasted.Length > LongestText ? pasted[..LongestText] : pasted).Trim();
        if (text.Length == 0)
        {
            return [];
        }

        var terms = new List<string>();
        if (!text.Any(char.IsWhiteSpace))
        {
            terms.Add(text);
        }

        terms.AddRange(InAngles().Matches(text).Select(match => match.Value));
        terms.AddRange(Words().Matches(text).Select(match => match.Value.Trim('.', '-', '=')).Where(LooksLikeAnId)
            .OrderByDescending(word => word.Contains('@')).ThenByDescending(word => word.Length));
        return [.. terms.Distinct().Take(MostTerms)];
    }

    // Ids mix letters and digits, or are long; words and status codes do neither.
    private static bool LooksLikeAnId(string word) =>
        word.Contains('@') || (word.Length >= 6 && word.Any(char.IsAsciiDigit) && !StatusCode().IsMatch(word));

    [GeneratedRegex(@"<[^<>\s]+@[^<>\s]+>")]
    private static partial Regex InAngles();

    [GeneratedRegex(@"[\p{L}\p{N}@._+=/$!%&*~#-]+")]
    private static partial Regex Words();

    [GeneratedRegex(@"^[245]\.\d{1,3}\.\d{1,3}$")]
    private static partial Regex StatusCode();
}
