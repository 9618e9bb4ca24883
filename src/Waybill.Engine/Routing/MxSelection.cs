using Waybill.Mail.Dns;
using Waybill.Mail.Smtp;

namespace Waybill.Engine.Routing;

/// <summary>What the answer to a domain's MX question means (RFC 5321 §5.1).</summary>
public abstract record MxChoice
{
    private MxChoice() { } // Closed: the records below are all there are.

    /// <summary>These exchangers, lowest preference first.</summary>
    public sealed record Exchangers(IReadOnlyList<MxRecord> Records) : MxChoice;

    /// <summary>No MX records: the domain itself is the host, with preference 0 (implicit MX).</summary>
    public sealed record ImplicitMx : MxChoice;

    /// <summary>The domain takes no mail.</summary>
    public sealed record Refused(EnhancedStatusCode Status, string Diagnostic) : MxChoice;

    /// <summary>Nobody could say.</summary>
    public sealed record TryLater(EnhancedStatusCode Status, string Diagnostic) : MxChoice;
}

/// <summary>The rules of mail exchangers, without sockets.</summary>
public static class MxSelection
{
    /// <summary>Exchangers considered; a longer list is cut, so that one domain cannot make us ask for a thousand names.</summary>
    // RFC 5321 §5.1 lets a client limit the alternates; Postfix's smtp_mx_address_limit is 5.
    public const int MaxExchangers = 16;

    /// <summary>Reads the answer to the MX question of a domain.</summary>
    public static MxChoice Choose(string domain, DnsAnswer<MxRecord> answer) => answer.Status switch
    {
        DnsStatus.NoSuchName => new MxChoice.Refused(new(5, 1, 2), $"DNS: the domain {domain} does not exist"),
        DnsStatus.Failed => new MxChoice.TryLater(new(4, 4, 3), $"DNS: the servers of {domain} failed to answer"),
        DnsStatus.TimedOut => new MxChoice.TryLater(new(4, 4, 3), $"DNS: no answer in time for {domain}"),
        _ => ChooseAmong(domain, answer.Records),
    };

    /// <summary>
    /// Drops the exchangers that would bring the mail back: ourselves and every host of equal or worse preference
    /// (RFC 5321 §5.1).
    /// </summary>
    /// <returns>The better hosts; empty when we are the best one, which is a loop (5.4.6).</returns>
    public static IReadOnlyList<MxHost> WithoutLoop(IReadOnlyList<MxHost> hosts, Func<MxHost, bool> isOurselves)
    {
        var limit = int.MaxValue;
        foreach (var host in hosts)
        {
            if (host.Preference < limit && isOurselves(host))
            {
                limit = host.Preference;
            }
        }

        return limit == int.MaxValue ? hosts : [.. hosts.Where(host => host.Preference < limit)];
    }

    /// <summary>The order to try: by preference, in random order among equals, to spread load (RFC 5321 §5.1).</summary>
    /// <remarks>Asked for each connection, not once for the route: the route is kept and shared.</remarks>
    public static IReadOnlyList<MxHost> InOrderOfTrial(IReadOnlyList<MxHost> hosts, Random random)
    {
        if (hosts.Count < 2)
        {
            return hosts;
        }

        var order = hosts.ToArray();
        random.Shuffle(order);
        return [.. order.OrderBy(host => host.Preference)]; // OrderBy is stable: equals keep the shuffled order.
    }

    private static MxChoice ChooseAmong(string domain, IReadOnlyList<MxRecord> records)
    {
        if (records.Count == 0)
        {
            return new MxChoice.ImplicitMx();
        }

        // A null MX among others means nothing (RFC 7505 §3 forbids the mixture): the others count.
        var named = records.Where(record => record.Exchange.Length > 0).ToList();
        if (named.Count == 0)
        {
            return new MxChoice.Refused(new(5, 1, 10), $"DNS: {domain} accepts no mail (null MX, RFC 7505)");
        }

        return new MxChoice.Exchangers(
        [
            .. named.GroupBy(record => record.Exchange, StringComparer.OrdinalIgnoreCase)
                .Select(same => same.MinBy(record => record.Preference)!)
                .OrderBy(record => record.Preference).ThenBy(record => record.Exchange, StringComparer.Ordinal)
                .Take(MaxExchangers),
        ]);
    }
}
