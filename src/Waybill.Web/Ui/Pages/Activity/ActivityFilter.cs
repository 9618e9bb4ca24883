using System.Globalization;
using Microsoft.AspNetCore.WebUtilities;
using Waybill.Engine.Recording;
using Waybill.Mail.Messages;

namespace Waybill.Web.Ui.Pages.Activity;

/// <summary>What the Activity page shows, as its address says it. Reading and writing an address are each other's inverse.</summary>
public sealed record ActivityFilter
{
    public const string Path = "/reports/activity";

    /// <summary>Words of the address for the states, in the order they are offered. Deferred is a processed recipient whose attempts failed.</summary>
    public static readonly IReadOnlyList<string> States =
        ["processed", "deferred", "delivered", "soft-bounced", "hard-bounced", "rejected", "cancelled"];

    /// <summary>Ranges that end now.</summary>
    public static readonly IReadOnlyDictionary<string, TimeSpan> Ranges = new Dictionary<string, TimeSpan>
    {
        ["15m"] = TimeSpan.FromMinutes(15),
        ["1h"] = TimeSpan.FromHours(1),
        ["24h"] = TimeSpan.FromHours(24),
        ["7d"] = TimeSpan.FromDays(7),
        ["30d"] = TimeSpan.FromDays(30),
    };

    public string? Recipient { get; init; }

    public string? Sender { get; init; }

    public string? Subject { get; init; }

    public string? MessageId { get; init; }

    public string? EmailId { get; init; }

    public string? Reply { get; init; }

    /// <summary>Words of <see cref="States"/>; empty: all.</summary>
    public IReadOnlyList<string> Status { get; init; } = [];

    /// <summary>A word of <see cref="Ranges"/>, or null.</summary>
    public string? Range { get; init; }

    public DateTimeOffset? From { get; init; }

    public DateTimeOffset? To { get; init; }

    /// <summary>Rows below this recipient; null for the newest.</summary>
    public RecipientId? Before { get; init; }

    public bool IsNewestPage => Before is null;

    public bool HasFilters => this with { Before = null } != new ActivityFilter { Status = Status } || Status.Count > 0;

    /// <summary>Reads the query of an address. What makes no sense is left out.</summary>
    public static ActivityFilter Parse(string query)
    {
        var values = QueryHelpers.ParseQuery(query);
        string? Text(string key) => values.TryGetValue(key, out var all) && all.ToString().Trim() is { Length: > 0 and <= 500 } text ? text : null;
        DateTimeOffset? Instant(string key) => DateTimeOffset.TryParse(
            Text(key), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var at) ? at : null;
        return new ActivityFilter
        {
            Recipient = Address(Text("recipient")),
            Sender = Address(Text("sender")),
            Subject = Text("subject"),
            MessageId = Text("message-id"),
            EmailId = Text("email-id"),
            Reply = Text("reply"),
            Status = [.. (Text("status") ?? "").Split(',').Where(States.Contains).Distinct()],
            Range = Text("range") is { } range && Ranges.ContainsKey(range) ? range : null,
            From = Instant("from"),
            To = Instant("to"),
            Before = long.TryParse(Text("before"), NumberStyles.None, CultureInfo.InvariantCulture, out var before) ? new RecipientId(before) : null,
        };
    }

    /// <summary>The address's query, empty when nothing is filtered.</summary>
    public string ToQuery()
    {
        var pairs = new (string Key, string? Value)[]
        {
            ("recipient", Recipient), ("sender", Sender), ("subject", Subject), ("message-id", MessageId), ("email-id", EmailId), ("reply", Reply),
            ("status", Status.Count > 0 ? string.Join(',', Status) : null),
            ("range", Range), ("from", Instant(From)), ("to", Instant(To)),
            ("before", Before?.Value.ToString(CultureInfo.InvariantCulture)),
        };
        return QueryHelpers.AddQueryString("", pairs.Where(pair => pair.Value is not null).Select(pair => KeyValuePair.Create(pair.Key, pair.Value)));
    }

    public string ToAddress() => Path + ToQuery();

    /// <summary>The question to the timeline; null when an email id is asked for that is none, so that nothing can be found.</summary>
    public ActivityQuery? ToActivityQuery(int accountId, DateTimeOffset now, int limit)
    {
        EmailId? id = null;
        if (EmailId is not null)
        {
            if (!Waybill.Mail.Messages.EmailId.TryParse(EmailId, out var parsed))
            {
                return null;
            }

            id = parsed;
        }

        return new ActivityQuery
        {
            AccountId = accountId,
            Recipient = Recipient,
            Sender = Sender,
            Subject = Subject,
            MessageId = MessageId,
            EmailId = id,
            Reply = Reply,
            Statuses = [.. Status.Select(StatusOf).Distinct()],
            DeferredOnly = Status.Contains("deferred") && !Status.Contains("processed"),
            From = Range is { } range ? now - Ranges[range] : From,
            To = Range is null ? To : null,
            Before = Before,
            Limit = limit,
        };
    }

    private static RecipientStatus StatusOf(string word) => word switch
    {
        "delivered" => RecipientStatus.Delivered,
        "soft-bounced" => RecipientStatus.SoftBounced,
        "hard-bounced" => RecipientStatus.HardBounced,
        "rejected" => RecipientStatus.Rejected,
        "cancelled" => RecipientStatus.Cancelled,
        _ => RecipientStatus.Processed,
    };

    // A bare domain means everybody there.
    private static string? Address(string? text) => text is null || text.Contains('@') ? text : "@" + text;

    private static string? Instant(DateTimeOffset? at) => at?.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
