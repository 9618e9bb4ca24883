using Waybill.Engine.Recording;
using Waybill.Engine.Spooling;

namespace Waybill.Engine.Delivering.Client;

/// <summary>Where each recipient of a transaction stands: asked for, accepted, settled. A verdict once given stays.</summary>
internal sealed class RecipientLedger(IReadOnlyList<DueRecipient> recipients)
{
    private readonly Verdict?[] _verdicts = new Verdict?[recipients.Count];
    private readonly bool[] _asked = new bool[recipients.Count];
    private readonly bool[] _accepted = new bool[recipients.Count];

    public IReadOnlyList<DueRecipient> Recipients => recipients;

    public int Count => recipients.Count;

    /// <summary>Recipients without a verdict.</summary>
    public int OpenCount { get; private set; } = recipients.Count;

    public int AcceptedCount { get; private set; }

    public bool IsOpen(int i) => _verdicts[i] is null;

    public bool WasAsked(int i) => _asked[i];

    public void Asked(int i) => _asked[i] = true;

    public void Accepted(int i)
    {
        // A peer that refused MAIL and takes RCPT is out of its mind; the refusal stands.
        if (IsOpen(i))
        {
            _accepted[i] = true;
            AcceptedCount++;
        }
    }

    public void Settle(int i, Verdict verdict)
    {
        if (IsOpen(i))
        {
            _verdicts[i] = verdict;
            OpenCount--;
        }
    }

    /// <summary>Gives every recipient that has no verdict this one.</summary>
    public void SettleOpen(Verdict verdict)
    {
        for (var i = 0; i < _verdicts.Length; i++)
        {
            Settle(i, verdict);
        }
    }

    /// <summary>The recipients the content is for.</summary>
    public IReadOnlyList<DueRecipient> Takers() =>
        OpenCount == Count ? recipients : [.. recipients.Where((_, i) => IsOpen(i))];

    /// <summary>The outcome of each recipient, in their order.</summary>
    public IReadOnlyList<RecipientOutcome> Decide(AttemptJudge judge, DateTimeOffset at)
    {
        var outcomes = new RecipientOutcome[recipients.Count];
        for (var i = 0; i < outcomes.Length; i++)
        {
            outcomes[i] = judge.Decide(recipients[i], _verdicts[i] ?? throw new InvalidOperationException("A recipient was left without a verdict."), at);
        }

        return outcomes;
    }
}
