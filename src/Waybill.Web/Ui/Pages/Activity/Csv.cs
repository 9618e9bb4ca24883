namespace Waybill.Web.Ui.Pages.Activity;

/// <summary>Comma-separated values (RFC 4180) that a spreadsheet takes for text.</summary>
public static class Csv
{
    /// <summary>One field. What a spreadsheet would run as a formula gets an apostrophe in front: subjects come from strangers.</summary>
    public static string Field(string text)
    {
        var safe = text is ['=' or '+' or '-' or '@' or '\t' or '\r', ..] ? "'" + text : text;
        return safe.AsSpan().IndexOfAny(",\"\r\n") >= 0 ? $"\"{safe.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : safe;
    }

    public static string Line(params IEnumerable<string> fields) => string.Join(',', fields.Select(Field)) + "\r\n";
}
