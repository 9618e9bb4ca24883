using System.Text;
using Waybill.Web.Ui.Pages.Simulator;

namespace Waybill.EndToEnd.Pages;

/// <summary>Two caught mails.</summary>
internal sealed class RememberedCatch : ICaughtMail
{
    private readonly List<CaughtMessage> _all =
    [
        Caught(2, "Gmail", "anna@gmail.example", "Your order 4711 has left our house", "250 2.0.0 OK  1763931802 a640c23a62f3a-b6e2d1f7a0bsi2146 - gsmtp"),
        Caught(1, "Microsoft 365", "jo@contoso.example", "Reset your password", "250 2.6.0 <a@b.example> [InternalId=4711, Hostname=DB9PR.example] Queued mail for delivery"),
    ];

    public Task<IReadOnlyList<CaughtRow>> ListAsync(long? before, int limit, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<CaughtRow>>([.. _all.Select(mail => mail.Row).Where(row => before is null || row.Number < before).Take(limit)]);

    public Task<CaughtMessage?> FindAsync(long number, CancellationToken cancellationToken) =>
        Task.FromResult(_all.Find(mail => mail.Row.Number == number));

    private static CaughtMessage Caught(long number, string receiver, string recipient, string subject, string reply)
    {
        var octets = Encoding.UTF8.GetBytes($"Subject: {subject}\r\nContent-Type: text/html\r\n\r\n<h1>{subject}</h1><p>Thank you.</p>\r\n");
        return new CaughtMessage(
            new CaughtRow(number, receiver, TimeProvider.System.GetUtcNow(), "shop@brightwater.example", [recipient], subject, reply, octets.Length), octets);
    }
}
