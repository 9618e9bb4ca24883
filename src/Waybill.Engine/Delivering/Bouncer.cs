using Waybill.Engine.Recording;
using Waybill.Engine.Spooling;

namespace Waybill.Engine.Delivering;

internal sealed class Bouncer(TimeProvider clock)
{
    public Submission? ReportOf(AttemptRecord record, IReadOnlyList<DueRecipient> recipients) => clock is null ? null : null;
}
