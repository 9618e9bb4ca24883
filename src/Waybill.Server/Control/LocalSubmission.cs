using System.IO.Pipelines;
using System.Net;
using Waybill.Engine.Accepting;
using Waybill.Engine.Spooling;
using Waybill.Mail.Addressing;
using Waybill.Mail.Smtp;

namespace Waybill.Server.Control;

/// <summary>Submits a message of this machine's operator: a session without a socket, so that it goes through the same door and checks as any other.</summary>
internal sealed class LocalSubmission(SubmissionParts parts)
{
    private static readonly SubmissionPolicy Trusted = new()
    {
        OffersStartTls = false,
        TrustedNetworks = [IPNetwork.Parse("127.0.0.0/8")],
    };

    /// <summary>Submits a message.</summary>
    /// <param name="message">Header and body; a LF alone is taken for a line end here, as files have it.</param>
    /// <returns>The final reply, or the first refusal.</returns>
    public async Task<PeerReply> SubmitAsync(ReversePath from, IReadOnlyList<EnvelopeRecipient> recipients, Stream message, CancellationToken cancellationToken)
    {
        var (toSession, toClient) = (new Pipe(), new Pipe());
        var session = new SubmissionSession(parts.Options, Trusted, IPAddress.Loopback, null);
        var running = new SubmissionConnection(parts, session, toSession.Reader, toClient.Writer).RunAsync(greet: true, cancellationToken);
        var dialogue = new LocalDialogue(toClient.Reader, toSession.Writer);
        try
        {
            return await dialogue.RunAsync(parts.Options.HostName, from, recipients, message, cancellationToken);
        }
        finally
        {
            await toSession.Writer.CompleteAsync();
            await running;
            await toClient.Writer.CompleteAsync();
        }
    }
}
