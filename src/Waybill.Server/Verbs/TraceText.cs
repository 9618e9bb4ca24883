using System.Globalization;
using Spectre.Console;
using Waybill.Engine.Recording;

namespace Waybill.Server.Verbs;

/// <summary>A timeline for people.</summary>
internal static class TraceText
{
    public static void Write(IAnsiConsole console, RecipientTimeline timeline)
    {
        var row = timeline.Row;
        console.MarkupLineInterpolated($"[bold]{(row.Subject.Length > 0 ? row.Subject : "(no subject)")}[/]");
        console.MarkupLineInterpolated($"{(row.Sender.Length > 0 ? row.Sender : "<>")} -> {row.Recipient}   [bold]{Names.Of(row.Status)}[/]");
        console.MarkupLineInterpolated($"[dim]email id {row.EmailId}   Message-ID {row.MessageId}   {timeline.SizeOctets} octets[/]");
        foreach (var one in timeline.Events)
        {
            Write(console, one);
        }

        console.WriteLine();
    }

    private static void Write(IAnsiConsole console, TimelineEvent one)
    {
        console.MarkupLineInterpolated($"  {Time(one.At)}  [{Colour(one.Kind)}]{Names.Of(one.Kind),-15}[/] {one.Info}");
        if (one.Attempt is { } attempt)
        {
            var tls = attempt.Tls?.ToString() ?? "in clear";
            if (attempt.Address.Length > 0)
            {
                console.MarkupLineInterpolated($"[dim]                            {attempt.Host} [[{attempt.Address}]] from {attempt.SourceAddress}, {tls}[/]");
            }

            foreach (var line in attempt.Dialogue)
            {
                var speaker = line.Speaker switch { Speaker.Client => "C:", Speaker.Server => "S:", _ => "--" };
                foreach (var text in line.Text.Split('\n'))
                {
                    console.MarkupLineInterpolated($"[dim]                {line.Milliseconds,8} ms {speaker} {text}[/]");
                }
            }
        }

        if (one.NextAttemptAt is { } next)
        {
            console.MarkupLineInterpolated($"                            next attempt at {Time(next)}");
        }
    }

    private static string Time(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss.fff", CultureInfo.InvariantCulture) + "Z";

    private static string Colour(EventKind kind) => kind switch
    {
        EventKind.Delivered => "green",
        EventKind.Deferred => "yellow",
        EventKind.SoftBounced => "darkorange",
        EventKind.HardBounced => "red",
        EventKind.Rejected => "purple",
        _ => "blue",
    };
}
