using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Waybill.EndToEnd.Harness;

namespace Waybill.EndToEnd.Cases;

/// <summary>Plays the steps of a case.</summary>
internal static class CaseRunner
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <returns>Null when the case holds, else what went otherwise.</returns>
    public static async Task<string?> RunAsync(SmtpCase one, IPEndPoint server)
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        await using var wire = new CaseWire(server);
        try
        {
            await wire.OpenAsync(cancellationToken);
            foreach (var step in one.Steps)
            {
                if (await StepAsync(one, wire, step, cancellationToken) is { } fault)
                {
                    return fault;
                }
            }

            return null;
        }
        catch (Exception fault) when (fault is IOException or SocketException or AuthenticationException)
        {
            return fault.Message;
        }
    }

    private static async Task<string?> StepAsync(SmtpCase one, CaseWire wire, JsonElement[] step, CancellationToken cancellationToken)
    {
        switch (step[0].GetString())
        {
            case "send":
                await wire.SendAsync(Encoding.Latin1.GetBytes(one.Fill(Text(step))), cancellationToken);
                return null;
            case "send_repeat":
                await wire.SendAsync(Encoding.Latin1.GetBytes(string.Concat(Enumerable.Repeat(Text(step), step[2].GetInt32()))), cancellationToken);
                return null;
            case "expect":
            case "expect_not":
                return await ExpectAsync(wire, Text(step), step[0].GetString() == "expect", cancellationToken);
            case "expect_n":
                return await ExpectManyAsync(wire, Text(step), step[2].GetInt32(), cancellationToken);
            case "no_reply":
                return await wire.ReplyAsync(Seconds(step[1]), cancellationToken) is { } reply && !reply.StartsWith("421", StringComparison.Ordinal)
                    && !reply.StartsWith("221", StringComparison.Ordinal) ? $"unwanted reply {reply}" : null;
            case "no_reply_matching":
                return await NoneMatchesAsync(wire, Text(step), Seconds(step[2]), cancellationToken);
            case "pause":
                await Eventually.PassAsync(Seconds(step[1]));
                return null;
            case "closed":
                return await wire.ClosesAsync(Seconds(step[1]), cancellationToken) ? null : "not closed";
            case "reply_or_closed":
                return await wire.ReplyAsync(Seconds(step[1]), cancellationToken) is null && !wire.IsClosed ? "neither reply nor close" : null;
            case "close":
                await wire.CloseAsync();
                return null;
            case "reconnect":
                await wire.OpenAsync(cancellationToken);
                return null;
            case "tls":
                await wire.StartTlsAsync(cancellationToken);
                return null;
            case var other:
                return $"this suite does not know the step {other}";
        }
    }

    private static async Task<string?> ExpectAsync(CaseWire wire, string pattern, bool wanted, CancellationToken cancellationToken)
    {
        var reply = await wire.ReplyAsync(Patience, cancellationToken);
        return reply is null ? $"no reply, wanted {pattern}"
            : Regex.IsMatch(reply, pattern) == wanted ? null
            : $"{(wanted ? "wanted" : "did not want")} {pattern}, got {reply}";
    }

    private static async Task<string?> ExpectManyAsync(CaseWire wire, string pattern, int count, CancellationToken cancellationToken)
    {
        for (var number = 1; number <= count; number++)
        {
            if (await ExpectAsync(wire, pattern, wanted: true, cancellationToken) is { } fault)
            {
                return string.Create(CultureInfo.InvariantCulture, $"reply {number}: {fault}");
            }
        }

        return null;
    }

    private static async Task<string?> NoneMatchesAsync(CaseWire wire, string pattern, TimeSpan within, CancellationToken cancellationToken)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (within - TimeProvider.System.GetElapsedTime(start) is var left && left > TimeSpan.Zero)
        {
            var reply = await wire.ReplyAsync(left, cancellationToken);
            if (reply is null || reply.StartsWith("221", StringComparison.Ordinal))
            {
                return null;
            }

            if (Regex.IsMatch(reply, pattern, RegexOptions.IgnoreCase))
            {
                return $"unwanted reply {reply}";
            }
        }

        return null;
    }

    private static string Text(JsonElement[] step) => step[1].GetString()!;

    private static TimeSpan Seconds(JsonElement number) => TimeSpan.FromSeconds(number.GetDouble());
}
