using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Waybill.Peers.Dns;
using Waybill.Peers.Smtp;

namespace Waybill.Peers.Internet;

/// <summary>An internet on loopback: a DNS server and receivers of several kinds, each on an address of its own and all on one port.</summary>
/// <remarks>
/// To send into it, ask <see cref="DnsEndPoint"/> for names and dial <see cref="SmtpPort"/> in the place of port 25.
/// Nothing leaves 127.0.0.0/8. What the receivers take is in <see cref="Catcher"/>.
/// </remarks>
public sealed class SimulatedInternet : IAsyncDisposable
{
    private const int KeptReturns = 1_000;

    private readonly InternetOptions _options;
    private readonly SimulatedDns _dns;
    private readonly List<SimulatedReceiver> _receivers = [];
    private readonly ConcurrentDictionary<string, IPEndPoint> _routes = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConcurrentQueue<ReturnedMail> _returns = new();
    private readonly ReturnSender _bounces;
    private readonly ReturnSender _complaints;

    private SimulatedInternet(InternetOptions options, SimulatedDns dns)
    {
        (_options, _dns) = (options, dns);
        Catcher = new MailCatcher(options.KeptMessages, options.KeptOctets);
        var writer = new ReturnWriter(new PeerChance(options.Seed), options.Clock);
        _bounces = new ReturnSender(ReturnKind.Bounce, options.BounceAfter, writer, options.Clock, RouteOf, Remember);
        _complaints = new ReturnSender(ReturnKind.Complaint, options.ComplainAfter, writer, options.Clock, RouteOf, Remember);
    }

    /// <summary>Where to ask for names, over UDP or TCP.</summary>
    public IPEndPoint DnsEndPoint => _dns.EndPoint;

    /// <summary>The port of every receiver.</summary>
    public int SmtpPort { get; private set; }

    /// <summary>The names; they can be changed while it runs.</summary>
    public SimulatedZone Zone => _dns.Zone;

    public DnsJournal DnsJournal => _dns.Journal;

    public IReadOnlyList<SimulatedReceiver> Receivers => _receivers;

    public MailCatcher Catcher { get; }

    /// <summary>The latest bounces and complaints that were sent back, oldest first.</summary>
    public IReadOnlyList<ReturnedMail> Returns => [.. _returns];

    /// <summary>The local parts that mean something.</summary>
    public static IReadOnlyList<SimulatedAddress> Addresses => InternetCatalogue.Addresses;

    /// <summary>The domains, those that mail is sent from at the end.</summary>
    public IReadOnlyList<SimulatedDomain> Domains =>
        [.. InternetCatalogue.Domains, .. _options.SenderDomains.Select(d => new SimulatedDomain(d, "Postfix", "mail is sent from here; what comes back is caught"))];

    /// <summary>Starts everything.</summary>
    /// <exception cref="SocketException">A port that was asked for is taken.</exception>
    public static async Task<SimulatedInternet> StartAsync(InternetOptions? options = null)
    {
        options ??= new InternetOptions();
        for (var tries = 1; ; tries++)
        {
            var internet = new SimulatedInternet(options, SimulatedDns.Start(new SimulatedZone(), options.Dns, options.Clock));
            try
            {
                internet.Build();
                return internet;
            }
            catch (SocketException) when (options.SmtpPort == 0 && tries < 20)
            {
                // The port the system chose for the first address may be taken on another one.
                await internet.DisposeAsync();
            }
            catch
            {
                await internet.DisposeAsync();
                throw;
            }
        }
    }

    /// <summary>The receiver that takes a domain's mail.</summary>
    /// <exception cref="KeyNotFoundException">There is none.</exception>
    public SimulatedReceiver ReceiverOf(string domain) =>
        _receivers.Find(r => r.Domains.Contains(domain, StringComparer.OrdinalIgnoreCase)) ?? throw new KeyNotFoundException($"No receiver takes mail for {domain}.");

    /// <summary>Sends the bounces and complaints of a domain to a server of its own, on any loopback port, in the place of its MX.</summary>
    public void RouteReturns(string domain, IPEndPoint server)
    {
        if (!IPAddress.IsLoopback(server.Address))
        {
            throw new ArgumentException("Nothing leaves loopback.", nameof(server));
        }

        _routes[domain] = server;
    }

    public async ValueTask DisposeAsync()
    {
        await _bounces.DisposeAsync();
        await _complaints.DisposeAsync();
        foreach (var receiver in _receivers)
        {
            await receiver.Server.DisposeAsync();
        }

        await _dns.DisposeAsync();
    }

    private void Build()
    {
        SmtpPort = _options.SmtpPort;
        var (chance, clock) = (new PeerChance(_options.Seed), _options.Clock);
        Manner Postfix(string host) => new Manners.PostfixManner(chance, clock, host);
        Add(11, new Manners.GmailManner(chance, clock), ["gmail.test"]);
        Add(12, new Manners.OutlookManner(chance, clock), ["outlook.test"]);
        Add(13, new Manners.YahooManner(chance, clock), ["yahoo.test"]);
        Add(14, new Manners.ProofpointManner(chance, clock), ["proofpoint.test"]);
        Add(15, Postfix("mx.postfix.test"), ["postfix.test", "*.rcpt.test"]);
        Add(16, new Manners.EximManner(chance, clock, "mx.exim.test"), ["exim.test"]);
        Add(21, Postfix("mx.badtls.test"), ["badtls.test"], s => s with { Tls = TlsManner.BreaksHandshake });
        Add(22, Postfix("mx.notls.test"), ["notls.test"], s => s with { Offers = s.Offers & ~SmtpOffers.StartTls });
        Add(23, Postfix("mx.noutf8.test"), ["noutf8.test"], s => s with { Offers = s.Offers & ~SmtpOffers.SmtpUtf8 });
        Add(24, Postfix("mx.slow.test"), ["slow.test"], s => s with { OnConnect = c => s.OnConnect!(c).Late(_options.SlowGreeting) });
        Add(25, Postfix("mx.refuses.test"), ["refuses.test"], s => s with
        {
            OnConnect = c => Response.SayAndClose($"554 mx.refuses.test ESMTP Blocked - [{c.Client.Address}] has a bad reputation"),
        });
        Add(26, Postfix("nomx.test"), ["nomx.test"]);
        Add(27, Postfix("mx2.backup.test"), ["backup.test"], mxPreference: 20);
        Add(41, Postfix("mx.sender.test"), _options.SenderDomains);
        AddNamesWithoutReceivers();
    }

    private void AddNamesWithoutReceivers()
    {
        // nomx.test keeps its address only: the host's own A record stands at the domain.
        Zone.Remove("nomx.test", DnsType.Mx)
            .NullMx("nullmx.test")
            .Mx("down.test", 10, "mx.down.test").Address("mx.down.test", Loopback(31))
            .Mx("backup.test", 10, "mx1.backup.test").Address("mx1.backup.test", Loopback(32))
            .Fault("servfail.test", DnsFault.ServerFailure)
            .Fault("timeout.test", DnsFault.Timeout);
        foreach (var domain in _options.SenderDomains)
        {
            Zone.Txt(domain, "v=spf1 ip4:127.0.0.0/8 -all");
        }
    }

    private void Add(byte place, Manner manner, IReadOnlyList<string> domains, Func<ReceiverScript, ReceiverScript>? differs = null, int mxPreference = 10)
    {
        var behaviours = new AddressBehaviours(
            manner,
            _options,
            (message, reply) => Catcher.Add(manner.Name, message, reply),
            (kind, message, recipient) => (kind == ReturnKind.Bounce ? _bounces : _complaints).Add(manner.Host, message, recipient));
        var script = new ReceiverScript
        {
            Host = manner.Host,
            Offers = manner.Offers,
            MaxOctets = manner.MaxOctets,
            EhloLines = manner.EhloLines,
            OnConnect = s => Response.Say(manner.Greet(s)),
            OnMail = m => Response.Say(manner.TakeSender(m)),
            OnRecipient = (m, r) => Response.Say(manner.TakeRecipient(m, r)),
            OnData = m => Response.Say(manner.StartContent(m)),
            OnContent = behaviours.Accept,
            OnQuit = _ => Response.Say(manner.Bye),
            Recipients = behaviours.All,
        };
        var server = ScriptedReceiver.Start(
            differs is null ? script : differs(script),
            new ReceiverOptions
            {
                EndPoint = new IPEndPoint(Loopback(place), SmtpPort),
                KeptOctets = _options.KeptOctetsPerMessage,
                KeptMessages = 0,
                KeptEntries = _options.KeptEntries,
                IdleTimeout = _options.HangFor + TimeSpan.FromMinutes(5),
            },
            _options.Clock);
        SmtpPort = server.EndPoint.Port;
        _receivers.Add(new SimulatedReceiver(manner.Name, server.EndPoint.Address, manner, server, domains));
        Zone.Address(manner.MxHost, server.EndPoint.Address).Ptr(server.EndPoint.Address, manner.Host);
        foreach (var domain in domains)
        {
            Zone.Mx(domain, mxPreference, manner.MxHost);
        }
    }

    private IPEndPoint? RouteOf(string domain) =>
        _routes.TryGetValue(domain, out var own) ? own
        : Zone.MailHosts(domain).FirstOrDefault(IPAddress.IsLoopback) is { } host ? new IPEndPoint(host, SmtpPort)
        : null;

    private void Remember(ReturnedMail mail)
    {
        _returns.Enqueue(mail);
        if (_returns.Count > KeptReturns)
        {
            _returns.TryDequeue(out _);
        }
    }

    private static IPAddress Loopback(byte place) => new([127, 0, 0, place]);
}
