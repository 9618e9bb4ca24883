using System.Globalization;
using Waybill.Engine.Operating.Credentials;
using Waybill.Engine.Operating.People;
using Waybill.Engine.Recording;
using Waybill.Engine.Spooling;
using Waybill.Mail.Messages;

namespace Waybill.Server.Control;

/// <summary>The orders of the command line, carried out where the data is: in the running server, or in the verb itself when none runs.</summary>
internal static class ControlOrders
{
    /// <summary>Carries out one order.</summary>
    /// <param name="output">What the person is told.</param>
    public static async Task<int> RunAsync(IServiceProvider services, string[] words, TextWriter output, CancellationToken cancellationToken)
    {
        try
        {
            return words switch
            {
                ["user", "add", var email] => await AddUserAsync(services, email, output, cancellationToken),
                ["user", "list"] => await ListUsersAsync(services, output, cancellationToken),
                ["user", "remove", var email] => await RemoveUserAsync(services, email, output, cancellationToken),
                ["smtp-user", "add", var name, var description] => await AddSmtpUserAsync(services, name, description, output, cancellationToken),
                ["smtp-user", "list"] => await ListSmtpUsersAsync(services, output, cancellationToken),
                ["smtp-user", "remove", var name] => await RemoveSmtpUserAsync(services, name, output, cancellationToken),
                ["queue", "retry", .. var which] => await RetryAsync(services, which, output, cancellationToken),
                ["queue", "cancel", .. var which] => await CancelAsync(services, which, output, cancellationToken),
                _ => throw new ArgumentException("There is no such order."),
            };
        }
        catch (ArgumentException fault)
        {
            await output.WriteLineAsync(fault.Message);
            return ExitCodes.Usage;
        }
    }

    private static async Task<int> AddUserAsync(IServiceProvider services, string email, TextWriter output, CancellationToken cancellationToken)
    {
        var login = await services.GetRequiredService<IPeople>().ResetAsync(email, cancellationToken);
        await output.WriteLineAsync($"{login.Email} signs in with the password {login.Password} (shown once)");
        return ExitCodes.Ok;
    }

    private static async Task<int> ListUsersAsync(IServiceProvider services, TextWriter output, CancellationToken cancellationToken)
    {
        foreach (var person in await services.GetRequiredService<IPeople>().ListAsync(cancellationToken))
        {
            await output.WriteLineAsync(person.Email);
        }

        return ExitCodes.Ok;
    }

    private static async Task<int> RemoveUserAsync(IServiceProvider services, string email, TextWriter output, CancellationToken cancellationToken)
    {
        var removed = await services.GetRequiredService<IPeople>().RemoveAsync(email, cancellationToken);
        await output.WriteLineAsync(removed ? $"{email} signs in no more" : $"There is nobody called {email}");
        return removed ? ExitCodes.Ok : ExitCodes.Failed;
    }

    private static async Task<int> AddSmtpUserAsync(IServiceProvider services, string name, string description, TextWriter output, CancellationToken cancellationToken)
    {
        var password = GeneratedPassword.Next();
        await services.GetRequiredService<ISmtpUsers>().SetAsync(name, password, description, cancellationToken);
        await output.WriteLineAsync($"{name} submits with the password {password} (shown once)");
        return ExitCodes.Ok;
    }

    private static async Task<int> ListSmtpUsersAsync(IServiceProvider services, TextWriter output, CancellationToken cancellationToken)
    {
        foreach (var user in await services.GetRequiredService<ISmtpUsers>().ListAsync(cancellationToken))
        {
            var used = user.LastUsedAt is { } at ? at.ToString("u", CultureInfo.InvariantCulture) : "never";
            await output.WriteLineAsync($"{user.Name}\tlast used {used}\t{user.Description}");
        }

        return ExitCodes.Ok;
    }

    private static async Task<int> RemoveSmtpUserAsync(IServiceProvider services, string name, TextWriter output, CancellationToken cancellationToken)
    {
        var removed = await services.GetRequiredService<ISmtpUsers>().RemoveAsync(name, cancellationToken);
        await output.WriteLineAsync(removed ? $"{name} submits no more" : $"There is no SMTP user {name}");
        return removed ? ExitCodes.Ok : ExitCodes.Failed;
    }

    private static async Task<int> RetryAsync(IServiceProvider services, string[] which, TextWriter output, CancellationToken cancellationToken)
    {
        var rows = await WaitingRows.FindAsync(services.GetRequiredService<ITimeline>(), which, cancellationToken);
        var moved = await services.GetRequiredService<ISpool>().RetryNowAsync([.. rows.Select(row => row.Id)]);
        await output.WriteLineAsync($"{moved} due now");
        return moved > 0 ? ExitCodes.Ok : ExitCodes.Failed;
    }

    private static async Task<int> CancelAsync(IServiceProvider services, string[] which, TextWriter output, CancellationToken cancellationToken)
    {
        var rows = await WaitingRows.FindAsync(services.GetRequiredService<ITimeline>(), which, cancellationToken);
        var cancelled = await services.GetRequiredService<ISpool>().CancelAsync([.. rows.Select(row => row.Id)], "Cancelled from the command line.");
        await output.WriteLineAsync($"{cancelled} cancelled");
        return cancelled > 0 ? ExitCodes.Ok : ExitCodes.Failed;
    }
}

/// <summary>Finds the waiting recipients that a person means.</summary>
internal static class WaitingRows
{
    private const int Most = 100_000;

    /// <summary>Waiting recipients of email ids, addresses, or domains as <c>@example.com</c>; of <c>all</c>, everybody's.</summary>
    /// <exception cref="ArgumentException">A word is none of these.</exception>
    public static async Task<IReadOnlyList<ActivityRow>> FindAsync(ITimeline timeline, IReadOnlyList<string> which, CancellationToken cancellationToken)
    {
        if (which.Count == 0)
        {
            throw new ArgumentException("Name what is meant: an email id, an address, @domain, or all.");
        }

        var found = new Dictionary<RecipientId, ActivityRow>();
        foreach (var word in which)
        {
            var query = new ActivityQuery { Statuses = [RecipientStatus.Processed], Limit = 500 };
            query = word == "all" ? query
                : EmailId.TryParse(word, out var id) ? query with { EmailId = id }
                : word.Contains('@') ? query with { Recipient = word }
                : throw new ArgumentException($"'{word}' is no email id, no address and no @domain.");
            for (RecipientId? before = null; found.Count < Most;)
            {
                var page = await timeline.SearchAsync(query with { Before = before }, cancellationToken);
                foreach (var row in page.Rows.Where(row => row.DueAt is not null))
                {
                    found[row.Id] = row;
                }

                if ((before = page.Next) is null)
                {
                    break;
                }
            }
        }

        return [.. found.Values];
    }
}
