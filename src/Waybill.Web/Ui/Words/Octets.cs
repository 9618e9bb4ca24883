using System.Globalization;

namespace Waybill.Web.Ui.Words;

/// <summary>Sizes for people.</summary>
public static class Octets
{
    public static string InWords(long octets) => octets switch
    {
        < 1_000 => $"{octets} octets",
        < 1_000_000 => string.Create(CultureInfo.InvariantCulture, $"{octets / 1_000.0:0.#} kB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{octets / 1_000_000.0:0.##} MB"),
    };
}
