using System.Net;
using Waybill.Peers.Smtp;

namespace Waybill.Peers.Internet;

/// <summary>A receiver of the simulated internet and the domains it takes mail for.</summary>
/// <param name="Name">The system it speaks like, for people.</param>
public sealed record SimulatedReceiver(string Name, IPAddress Address, Manner Manner, ScriptedReceiver Server, IReadOnlyList<string> Domains);
