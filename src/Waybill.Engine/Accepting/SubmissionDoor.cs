using Microsoft.Extensions.Logging;
using Waybill.Engine.Recording;
using Waybill.Engine.Spooling;
using Waybill.Mail.Messages;

namespace Waybill.Engine.Accepting;

/// <summary>The one door through which mail comes in, whatever protocol brought it.</summary>
public sealed class SubmissionDoor(
    ISpool spool,
    FreshMail fresh,
    Backlog backlog,
    EmailIdSource ids,
    TimeProvider clock,
    ILogger<SubmissionDoor> logger)
{
    /// <summary>The id of a message whose transaction is complete.</summary>
    public EmailId NextId(int recipients) => ids.Next(recipients);

    /// <summary>Takes responsibility for a message and hands its recipients to delivery.</summary>
    /// <exception cref="SpoolUnavailableException">It was not stored: answer 451 4.3.1.</exception>
    public async Task<AcceptedMessage> SubmitAsync(Submission submission)
    {
        using var span = EngineMetrics.Activity.StartActivity("accept");
        span?.SetTag("waybill.email_id", submission.EmailId.ToString());
        var accepted = await spool.AcceptAsync(submission);
        backlog.Accepted(accepted.Recipients.Count);
        fresh.Offer(accepted);
        EngineMetrics.Accepted.Add(accepted.Recipients.Count);
        var pause = backlog.Delay;
        if (pause > TimeSpan.Zero)
        {
            // No token: the message is ours already, and the client waits for its 250.
            await Task.Delay(pause, clock, CancellationToken.None);
        }

        return accepted;
    }

    /// <summary>Keeps a refused submission where its sender can find it. The refusal stands even if it cannot be kept.</summary>
    public async Task RefuseAsync(RefusedSubmission refusal)
    {
        EngineMetrics.Refused.Add(refusal.Recipients.Count);
        try
        {
            await spool.RefuseAsync(refusal);
        }
        catch (SpoolUnavailableException fault)
        {
            logger.RefusalNotKept(refusal.EmailId, fault);
        }
    }
}
