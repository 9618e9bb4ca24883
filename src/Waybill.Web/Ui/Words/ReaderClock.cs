using System.Globalization;

namespace Waybill.Web.Ui.Words;

/// <summary>Tells instants in the reader's own zone.</summary>
public sealed class ReaderClock
{
    private readonly TimeProvider _clock;

    /// <param name="zone">An IANA name; an unknown one reads as UTC.</param>
    public ReaderClock(TimeProvider clock, string zone) =>
        (_clock, Zone) = (clock, TimeZoneInfo.TryFindSystemTimeZoneById(zone, out var found) ? found : TimeZoneInfo.Utc);

    public TimeZoneInfo Zone { get; }

    public DateTimeOffset Now => _clock.GetUtcNow();

    /// <summary>As <c>14:03:22</c>.</summary>
    public string Time(DateTimeOffset at) => Text(at, "HH:mm:ss");

    /// <summary>As <c>14:03:22.123</c>.</summary>
    public string Milliseconds(DateTimeOffset at) => Text(at, "HH:mm:ss.fff");

    /// <summary>As <c>23 Nov</c>, with the year when it is another one.</summary>
    public string Day(DateTimeOffset at) => Text(at, Local(at).Year == Local(Now).Year ? "d MMM" : "d MMM yyyy");

    /// <summary>As <c>23 Nov 14:03:22</c>.</summary>
    public string DayAndTime(DateTimeOffset at) => $"{Day(at)} {Time(at)}";

    /// <summary>A moment in a sentence: the time with its zone, and the day unless it is today.</summary>
    public string InWords(DateTimeOffset at)
    {
        var time = $"{Time(at)} {ZoneName(at)}";
        return Local(at).Date == Local(Now).Date ? time : $"{time} on {Day(at)}";
    }

    /// <summary>How far away an instant to come is, as <c>in 12 minutes</c>.</summary>
    public string Until(DateTimeOffset at) => (at - Now) switch
    {
        { TotalSeconds: < 5 } => "now",
        { TotalSeconds: < 90 } left => $"in {Math.Round(left.TotalSeconds)} seconds",
        { TotalMinutes: < 90 } left => $"in {Math.Round(left.TotalMinutes)} minutes",
        { TotalHours: < 48 } left => $"in {Math.Round(left.TotalHours)} hours",
        var left => $"in {Math.Round(left.TotalDays)} days",
    };

    /// <summary>For the hover, and for whoever needs it beyond doubt.</summary>
    public static string Utc(DateTimeOffset at) =>
        at.ToUniversalTime().ToString("yyyy-MM-dd HH:mm:ss.fff 'UTC'", CultureInfo.InvariantCulture);

    private string ZoneName(DateTimeOffset at)
    {
        var offset = Zone.GetUtcOffset(at);
        return offset == TimeSpan.Zero ? "UTC" : Local(at).ToString("'UTC'zzz", CultureInfo.InvariantCulture);
    }

    private DateTimeOffset Local(DateTimeOffset at) => TimeZoneInfo.ConvertTime(at, Zone);

    private string Text(DateTimeOffset at, string format) => Local(at).ToString(format, CultureInfo.InvariantCulture);
}
