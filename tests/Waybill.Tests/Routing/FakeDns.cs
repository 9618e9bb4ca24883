using System.Net;
using Waybill.Mail.Dns;

namespace Waybill.Tests.Routing;

/// <summary>A resolver with a zone in memory, and a journal of what was asked.</summary>
internal sealed class FakeDns : IDnsResolver
{
    private static readonly TimeSpan Life = TimeSpan.FromMinutes(5);

    public Dictionary<string, DnsAnswer<MxRecord>> Mx { get; } = [];

    public Dictionary<string, DnsAnswer<IPAddress>> Addresses { get; } = [];

    public List<string> Journal { get; } = [];

    /// <summary>When set, answers wait for it.</summary>
    public Task Gate { get; set; } = Task.CompletedTask;

    public static DnsAnswer<T> Found<T>(params T[] records) => new(DnsStatus.Found, records, Life, "192.0.2.53");

    public static DnsAnswer<T> Says<T>(DnsStatus status, TimeSpan? life = null) => new(status, [], life ?? Life, "192.0.2.53");

    public FakeDns With(string domain, params (int Preference, string Exchange, string Address)[] exchangers)
    {
        Mx[domain] = Found(exchangers.Select(mx => new MxRecord(mx.Preference, mx.Exchange)).ToArray());
        foreach (var mx in exchangers.Where(mx => mx.Address.Length > 0))
        {
            Addresses[mx.Exchange] = Found(IPAddress.Parse(mx.Address));
        }

        return this;
    }

    public async Task<DnsAnswer<MxRecord>> MxAsync(string name, CancellationToken cancellationToken)
    {
        lock (Journal)
        {
            Journal.Add($"MX {name}");
        }

        await Gate;
        return Mx.GetValueOrDefault(name, Says<MxRecord>(DnsStatus.NoSuchName));
    }

    public Task<DnsAnswer<IPAddress>> AddressesAsync(string name, CancellationToken cancellationToken)
    {
        lock (Journal)
        {
            Journal.Add($"A {name}");
        }

        return Task.FromResult(Addresses.GetValueOrDefault(name, Says<IPAddress>(DnsStatus.NoSuchName)));
    }

    public Task<DnsAnswer<string>> TxtAsync(string name, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<DnsAnswer<string>> CnameAsync(string name, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<DnsAnswer<string>> PtrAsync(IPAddress address, CancellationToken cancellationToken) => throw new NotSupportedException();
}
