namespace Waybill.Engine.Delivering;

/// <summary>What a person may see of the scheduler.</summary>
public interface IDeliveryControl
{
    /// <summary>Destinations with something due or a connection open.</summary>
    IReadOnlyList<DestinationState> Destinations { get; }
}

/// <summary>A destination at this moment.</summary>
/// <param name="Due">Recipients that wait for a connection, not for their time.</param>
public sealed record DestinationState(string NextHop, int Due, int Connections);
