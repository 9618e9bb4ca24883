using System.Net;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Waybill.Engine.Recording;

namespace Waybill.Server.Verbs;

/// <summary>A timeline as <c>trace --json</c> prints it. The names are fixed: scripts rely on them.</summary>
internal sealed record TraceJson(
    string EmailId,
    string MessageId,
    string Sender,
    string Recipient,
    string Subject,
    string Status,
    DateTimeOffset? NextAttemptAt,
    IReadOnlyList<TraceEventJson> Events)
{
    public static TraceJson Of(RecipientTimeline timeline) => new(
        timeline.Row.EmailId.ToString(),
        timeline.Row.MessageId,
        timeline.Row.Sender,
        timeline.Row.Recipient,
        timeline.Row.Subject,
        Names.Of(timeline.Row.Status),
        timeline.Row.DueAt,
        [.. timeline.Events.Select(TraceEventJson.Of)]);
}

/// <summary>An event of it.</summary>
internal sealed record TraceEventJson(
    string Event, DateTimeOffset Time, string Info, string? Host, string? Ip, string? Tls, DateTimeOffset? NextAttemptAt)
{
    public static TraceEventJson Of(TimelineEvent one) => new(
        Names.Of(one.Kind), one.At, one.Info, NullIfEmpty(one.Attempt?.Host), IpOf(one.Attempt?.Address), one.Attempt?.Tls?.ToString(), one.NextAttemptAt);

    // The attempt has the port as well; scripts want the address alone.
    private static string? IpOf(string? address) =>
        IPEndPoint.TryParse(address ?? "", out var endpoint) ? endpoint.Address.ToString() : NullIfEmpty(address);

    private static string? NullIfEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(TraceJson))]
internal sealed partial class TraceJsonContext : JsonSerializerContext
{
    /// <summary>Writes &lt; and &gt; as they are: the text goes to a terminal or a script, never into a page.</summary>
    public static readonly TraceJsonContext Readable = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}

/// <summary>Names of states and events for scripts.</summary>
internal static class Names
{
    public static string Of(RecipientStatus status) => status switch
    {
        RecipientStatus.Processed => "processed",
        RecipientStatus.Delivered => "delivered",
        RecipientStatus.SoftBounced => "soft-bounced",
        RecipientStatus.HardBounced => "hard-bounced",
        RecipientStatus.Rejected => "rejected",
        RecipientStatus.Cancelled => "cancelled",
        _ => "unknown",
    };

    public static string Of(EventKind kind) => kind switch
    {
        EventKind.Processed => "processed",
        EventKind.Delivered => "delivered",
        EventKind.Deferred => "deferred",
        EventKind.SoftBounced => "soft-bounced",
        EventKind.HardBounced => "hard-bounced",
        EventKind.Rejected => "rejected",
        EventKind.OutcomeUnknown => "outcome-unknown",
        EventKind.Cancelled => "cancelled",
        EventKind.RetryRequested => "retry-requested",
        _ => "unknown",
    };
}
