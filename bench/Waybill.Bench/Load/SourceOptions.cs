using System.Net;

namespace Waybill.Bench.Load;

/// <summary>What a source sends, and how.</summary>
/// <param name="SizeOctets">Header and body of a message together.</param>
/// <param name="Sessions">Messages under way at once.</param>
/// <param name="Domains">Recipient domains; message n goes to user{n}@d{n % domains}.rcpt.test.</param>
/// <param name="PerConnection">Messages on one connection; 0 keeps connections to the end.</param>
/// <param name="Rate">Messages a second, each at its time whether the last ones are done or not; 0 sends the next as soon as one is done.</param>
/// <param name="Limit">When to stop whatever is left.</param>
internal sealed record SourceOptions(IPEndPoint Target, int SizeOctets, int Sessions, int Domains, int PerConnection, int Rate, TimeSpan Limit)
{
    public const int HeaderRoom = 640;

    public static readonly string[] Names = ["messages", "size", "sessions", "domains", "per-conn", "rate", "seconds"];

    public static SourceOptions From(Arguments arguments) => new(
        arguments.Loopback(0, "TARGET"),
        arguments.Number("size", 10_240, HeaderRoom, 64 * 1024 * 1024),
        arguments.Number("sessions", 50, 1, 10_000),
        arguments.Number("domains", 1_000, 1, 1_000_000),
        arguments.Number("per-conn", 1, 0, int.MaxValue),
        arguments.Number("rate", 0, 0, 1_000_000),
        TimeSpan.FromSeconds(arguments.Number("seconds", 300, 1, 86_400)));
}
