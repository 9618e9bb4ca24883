using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Waybill.Engine.Operating.Delivery;

/// <summary>How hard next hops are worked. Section <c>Waybill:Delivery</c>.</summary>
public sealed class DeliveryOptions
{
    public const string Section = "Waybill:Delivery";

    /// <summary>Most connections to one next hop (the set of its mail exchangers) at once. Default 10; Gmail and Microsoft advise few.</summary>
    [Range(1, 1_000)]
    public int MaxConnectionsPerNextHop { get; set; } = 10;

    /// <summary>Most messages on one connection. Default 100, as KumoMTA.</summary>
    [Range(1, 100_000)]
    public int MaxMessagesPerConnection { get; set; } = 100;

    /// <summary>Most connections to a smart host at once. Default 20: it is one's own.</summary>
    [Range(1, 1_000)]
    public int MaxConnectionsToSmartHost { get; set; } = 20;

    /// <summary>Most messages on one connection to a smart host. Default 1,000.</summary>
    [Range(1, 100_000)]
    public int MaxMessagesPerSmartHostConnection { get; set; } = 1_000;

    /// <summary>Most outgoing connections at once. Default 500.</summary>
    [Range(1, 20_000)]
    public int MaxConnections { get; set; } = 500;

    /// <summary>How long a connection is kept for the next message. Default 2 seconds, as Postfix.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:05:00")]
    public TimeSpan IdleTime { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Most waiting recipients whose id and time are held in memory (about 100 octets each); more stay in the store. Default 1,000,000.</summary>
    [Range(1_000, 50_000_000)]
    public int MaxWaitingInMemory { get; set; } = 1_000_000;

    /// <summary>Longest time that running deliveries are waited for at shutdown. Default 25 seconds.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:10:00")]
    public TimeSpan DrainTime { get; set; } = TimeSpan.FromSeconds(25);
}

[OptionsValidator]
public sealed partial class DeliveryOptionsValidator : IValidateOptions<DeliveryOptions>;
