using Waybill.Engine.Spooling;

namespace Waybill.Engine.Delivering.Client;

/// <summary>Told about the one moment of a delivery whose outcome a crash would leave unknown. Called on the delivering task: note and return.</summary>
public interface IDotWatch
{
    /// <summary>The final dot is about to leave. From here until <see cref="Answered"/> the peer may hold the message.</summary>
    void DotSent(SmtpClientConnection connection, IReadOnlyList<DueRecipient> recipients, DateTimeOffset at);

    /// <summary>The reply came, or will not come: the outcome is known to this process and follows as a record.</summary>
    void Answered(SmtpClientConnection connection);
}
