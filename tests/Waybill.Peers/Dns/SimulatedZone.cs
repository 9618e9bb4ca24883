using System.Net;

namespace Waybill.Peers.Dns;

/// <summary>How a name misbehaves.</summary>
public enum DnsFault
{
    None,

    /// <summary>The server answers SERVFAIL.</summary>
    ServerFailure,

    /// <summary>The server says nothing.</summary>
    Timeout,

    /// <summary>Over UDP the answer is empty and truncated: only TCP has it.</summary>
    TruncatedOverUdp,
}

/// <summary>Every name the simulated internet knows; any thread may read and change it at any time.</summary>
/// <remarks>A name <c>*.example.test</c> stands for all names below that have nothing of their own (RFC 4592).</remarks>
public sealed class SimulatedZone
{
    private const int MaxAliases = 8;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, List<DnsRecord>> _records = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, DnsFault> _faults = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Lifetime of records added without one of their own.</summary>
    public TimeSpan DefaultTimeToLive { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a cache may keep a "no" (RFC 2308 §5).</summary>
    public TimeSpan NegativeTimeToLive { get; set; } = TimeSpan.FromSeconds(30);

    public SimulatedZone Mx(string name, int preference, string host, TimeSpan? timeToLive = null) =>
        Add(name, new DnsData.Exchange((ushort)preference, Trim(host)), timeToLive);

    /// <summary>Says that a domain takes no mail (RFC 7505).</summary>
    public SimulatedZone NullMx(string name) => Mx(name, 0, "");

    public SimulatedZone Address(string name, IPAddress address, TimeSpan? timeToLive = null) =>
        Add(name, new DnsData.Address(address), timeToLive);

    public SimulatedZone Txt(string name, string text, TimeSpan? timeToLive = null) =>
        Add(name, new DnsData.Text(text), timeToLive);

    public SimulatedZone Cname(string name, string target, TimeSpan? timeToLive = null) =>
        Add(name, new DnsData.Name(DnsType.Cname, Trim(target)), timeToLive);

    public SimulatedZone Ptr(IPAddress address, string host, TimeSpan? timeToLive = null) =>
        Add(ReverseName(address), new DnsData.Name(DnsType.Ptr, Trim(host)), timeToLive);

    public SimulatedZone Add(string name, DnsData data, TimeSpan? timeToLive = null)
    {
        name = Trim(name);
        var record = new DnsRecord(name, (uint)(timeToLive ?? DefaultTimeToLive).TotalSeconds, data);
        lock (_lock)
        {
            if (!_records.TryGetValue(name, out var list))
            {
                _records[name] = list = [];
            }

            list.Add(record);
        }

        return this;
    }

    /// <summary>Takes a name out, or only its records of one type.</summary>
    public SimulatedZone Remove(string name, DnsType type = DnsType.Any)
    {
        name = Trim(name);
        lock (_lock)
        {
            if (_records.TryGetValue(name, out var list) && (list.RemoveAll(r => type == DnsType.Any || r.Data.Type == type), list.Count).Count == 0)
            {
                _records.Remove(name);
            }
        }

        return this;
    }

    /// <summary>Makes a name misbehave; <see cref="DnsFault.None"/> mends it.</summary>
    public SimulatedZone Fault(string name, DnsFault fault)
    {
        lock (_lock)
        {
            _faults[Trim(name)] = fault;
        }

        return this;
    }

    public DnsFault FaultOf(string name)
    {
        lock (_lock)
        {
            return _faults.GetValueOrDefault(Trim(name));
        }
    }

    /// <summary>Answers a question: the records with aliases followed, or the start of authority of a negative answer.</summary>
    public (DnsCode Code, IReadOnlyList<DnsRecord> Answers, IReadOnlyList<DnsRecord> Authority) Answer(DnsQuestion question)
    {
        var answers = new List<DnsRecord>();
        lock (_lock)
        {
            var name = Trim(question.Name);
            for (var alias = 0; ; alias++)
            {
                if (Find(name) is not { } records)
                {
                    // RFC 6604 §3: the code speaks of the last name of the chain.
                    var code = IsParent(name) ? DnsCode.NoError : DnsCode.NoSuchName;
                    return (code, answers, [StartOfAuthority(name)]);
                }

                var matching = records.FindAll(r => question.Type == DnsType.Any || r.Data.Type == question.Type);
                answers.AddRange(matching.Select(r => r with { Name = name }));
                if (matching.Count > 0)
                {
                    return (DnsCode.NoError, answers, []);
                }

                if (alias == MaxAliases || records.Find(r => r.Data.Type == DnsType.Cname) is not { Data: DnsData.Name next } cname)
                {
                    return (DnsCode.NoError, answers, [StartOfAuthority(name)]);
                }

                answers.Add(cname with { Name = name });
                name = next.Host;
            }
        }
    }

    /// <summary>The hosts that take a domain's mail, best first, then its own address (RFC 5321 §5.1); empty for a null MX.</summary>
    public IReadOnlyList<IPAddress> MailHosts(string domain)
    {
        var exchanges = Answer(new DnsQuestion(domain, DnsType.Mx)).Answers.Select(r => r.Data).OfType<DnsData.Exchange>().ToList();
        var hosts = exchanges.Count > 0 ? exchanges.OrderBy(x => x.Preference).Select(x => x.Host) : [domain];
        return [.. hosts.Where(h => h.Length > 0)
            .SelectMany(h => Answer(new DnsQuestion(h, DnsType.A)).Answers)
            .Select(r => r.Data).OfType<DnsData.Address>().Select(a => a.Value)];
    }

    /// <summary>The name under in-addr.arpa or ip6.arpa that a PTR record stands at.</summary>
    public static string ReverseName(IPAddress address)
    {
        var octets = address.GetAddressBytes();
        return octets.Length == 4
            ? string.Join('.', octets.Reverse()) + ".in-addr.arpa"
            : string.Join('.', Convert.ToHexStringLower(octets).Reverse()) + ".ip6.arpa";
    }

    private List<DnsRecord>? Find(string name)
    {
        if (_records.TryGetValue(name, out var own))
        {
            return own;
        }

        for (var dot = name.IndexOf('.', StringComparison.Ordinal); dot >= 0; dot = name.IndexOf('.', dot + 1))
        {
            if (_records.TryGetValue("*" + name[dot..], out var wild))
            {
                return wild;
            }
        }

        return null;
    }

    private bool IsParent(string name) =>
        _records.Keys.Any(k => k.Length > name.Length && k[^(name.Length + 1)] == '.' && k.EndsWith(name, StringComparison.OrdinalIgnoreCase));

    private DnsRecord StartOfAuthority(string name)
    {
        var zone = name[(name.LastIndexOf('.') + 1)..];
        var seconds = (uint)NegativeTimeToLive.TotalSeconds;
        return new DnsRecord(zone, seconds, new DnsData.Authority("ns.simulated.test", "hostmaster.simulated.test", 1, seconds));
    }

    private static string Trim(string name) => name.TrimEnd('.');
}
