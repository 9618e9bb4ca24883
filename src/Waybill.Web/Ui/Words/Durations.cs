using System.Globalization;

namespace Waybill.Web.Ui.Words;

/// <summary>Lengths of time for people.</summary>
public static class Durations
{
    public static string InWords(TimeSpan length) => length switch
    {
        { TotalMilliseconds: < 0 } => "0 ms",
        { TotalSeconds: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{length.TotalMilliseconds:0} ms"),
        { TotalSeconds: < 60 } => string.Create(CultureInfo.InvariantCulture, $"{length.TotalSeconds:0.0} s"),
        { TotalHours: < 1 } => length.Seconds == 0 ? $"{length.Minutes} min" : $"{length.Minutes} min {length.Seconds} s",
        { TotalDays: < 1 } => $"{length.Hours} h {length.Minutes} min",
        _ => $"{(int)length.TotalDays} d {length.Hours} h",
    };
}
