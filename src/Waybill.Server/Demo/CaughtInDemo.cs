using Waybill.Mail.Messages;
using Waybill.Peers.Internet;
using Waybill.Web.Ui.Pages.Simulator;

namespace Waybill.Server.Demo;

/// <summary>Shows what the simulated receivers took.</summary>
internal sealed class CaughtInDemo(MailCatcher catcher) : ICaughtMail
{
    public Task<IReadOnlyList<CaughtRow>> ListAsync(long? before, int limit, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<CaughtRow>>([.. catcher.Latest(limit, before ?? long.MaxValue).Select(Row)]);

    public Task<CaughtMessage?> FindAsync(long number, CancellationToken cancellationToken) =>
        Task.FromResult(catcher.Find(number) is { } caught ? new CaughtMessage(Row(caught), caught.Content) : null);

    private static CaughtRow Row(CaughtMail caught) => new(
        caught.Id,
        caught.Receiver,
        caught.At,
        caught.ReversePath,
        caught.Recipients,
        caught.Subject is { } subject ? HeaderReader.Decode(System.Text.Encoding.UTF8.GetBytes(subject), 200) : "",
        caught.Reply,
        caught.Octets);
}
