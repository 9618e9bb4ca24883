using System.Text.Json;
using System.Text.RegularExpressions;

namespace Waybill.Tests.Peers;

/// <summary>The forms of receivers.json: what a true confirmation and a true banner look like.</summary>
internal static class ReceiverForms
{
    private static readonly JsonDocument Data = Load();

    public static IReadOnlyList<Regex> Confirmations(string family) =>
        [.. Find("reply_families", family).GetProperty("reply").EnumerateArray().Select(r => Pattern(r.GetProperty("regex").GetString()!))];

    public static IReadOnlyList<Regex> Banners(string receiver) => Patterns(receiver, "banner");

    public static IReadOnlyList<Regex> MxHosts(string receiver) => Patterns(receiver, "mx");

    public static IReadOnlyList<Regex> Ehlos(string receiver) => Patterns(receiver, "ehlo");

    private static List<Regex> Patterns(string receiver, string property) =>
        [.. Find("receivers", receiver).GetProperty(property).EnumerateArray().Select(p => Pattern(p.GetString()!))];

    private static JsonElement Find(string list, string id) =>
        Data.RootElement.GetProperty(list).EnumerateArray().Single(e => e.GetProperty("id").GetString() == id);

    private static Regex Pattern(string text) => new(text, RegexOptions.IgnoreCase, TimeSpan.FromSeconds(1));

    private static JsonDocument Load()
    {
        var root = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(root.FullName, "Waybill.slnx")))
        {
            root = root.Parent ?? throw new DirectoryNotFoundException("The tests run inside the repository.");
        }

        return JsonDocument.Parse(File.ReadAllBytes(Path.Combine(root.FullName, "src/Waybill.Engine/Investigating/Knowledge/receivers.json")));
    }
}
