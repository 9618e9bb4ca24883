namespace Waybill.Web.Ui.Pages.Simulator;

/// <summary>What the simulated servers took in. The pages show it only where a host registers this.</summary>
public interface ICaughtMail
{
    /// <summary>Newest first.</summary>
    /// <param name="before">Only messages below this number; null for the newest.</param>
    Task<IReadOnlyList<CaughtRow>> ListAsync(long? before, int limit, CancellationToken cancellationToken);

    Task<CaughtMessage?> FindAsync(long number, CancellationToken cancellationToken);
}

/// <summary>A caught message as a list shows it.</summary>
/// <param name="Number">Grows with every message.</param>
/// <param name="Receiver">Which simulated server took it.</param>
/// <param name="ReversePath">Empty for the null one.</param>
/// <param name="Reply">What the server answered after the final dot.</param>
public sealed record CaughtRow(
    long Number,
    string Receiver,
    DateTimeOffset ReceivedAt,
    string ReversePath,
    IReadOnlyList<string> Recipients,
    string Subject,
    string Reply,
    long LengthOctets);

/// <summary>A caught message with its octets.</summary>
public sealed record CaughtMessage(CaughtRow Row, ReadOnlyMemory<byte> Octets);
