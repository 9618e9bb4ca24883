using System.Text.Json;

namespace Waybill.EndToEnd.Cases;

/// <summary>A dialogue of the case file: steps as arrays, the first word saying what to do.</summary>
internal sealed record SmtpCase(string Id, string Title, string Level, IReadOnlyList<string> Needs, IReadOnlyList<JsonElement[]> Steps)
{
    public static JsonSerializerOptions Json { get; } = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>Puts this run's addresses into a text.</summary>
    public string Fill(string text) => text
        .Replace("{from}", "tester@client.example", StringComparison.Ordinal)
        .Replace("{rcpt}", "in@here.example", StringComparison.Ordinal)
        .Replace("{rcptlocal}", "in", StringComparison.Ordinal)
        .Replace("{host}", "here.example", StringComparison.Ordinal)
        .Replace("{badrcpt}", "victim@elsewhere.example", StringComparison.Ordinal)
        .Replace("{badhost}", "elsewhere.example", StringComparison.Ordinal)
        .Replace("{id}", Id, StringComparison.Ordinal);
}
