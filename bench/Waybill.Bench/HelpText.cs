namespace Waybill.Bench;

internal static class HelpText
{
    public const string Text = """
        Waybill.Bench: load for an SMTP server, and what it costs the server. eng/bench runs the whole comparison.

          source TARGET FILE [options]     send messages to 127.x.y.z:PORT
          sink ADDRESS FILE [options]      take them at 127.x.y.z:PORT; prints "ready" when it listens
          report FILE [--format json]      what both found out
          measure TARGET --pid PID [...]   source and sink against a running server, and what its processes use
          compare FILE [--json OUT]        lay the lines that measure wrote side by side
          waiting DIR --server PATH [...]  fill a queue, start the server on it: time to the first attempt, memory

        FILE is shared: start the sink first, with the same --messages. It holds for each message the instants
        "final dot sent", "250 read" and "final dot read at the sink" of one monotonic clock.

        source (and measure)
          --messages N    how many (1000)
          --size N        octets of header and body (10240)
          --sessions N    messages under way at once (50)
          --domains N     recipient domains: message n goes to user{n}@d{n modulo domains}.rcpt.test (1000)
          --per-conn N    messages on one connection; 1 = a new connection for each, 0 = keep it (1)
          --rate N        messages a second, sent on time whether the last ones are done or not; 0 = as fast as replies come (0)
          --seconds N     stop after that long (300)
        sink
          --messages N, --seconds N (600), --linger-ms N    how long to wait for duplicates after the last one (0)
        measure
          --pid PID       the server's first process; CPU and memory are those of its whole tree, ended children included
          --sink ADDRESS  where the server relays to (127.0.0.1:2626)
          --server NAME, --scenario NAME, --out FILE    labels, and where the result is added as one line of JSON
          --settle-ms N   work after the last message that still counts (1000)

        waiting
          --server PATH   the waybill command; DIR gets two data directories, and keeps them
          --messages N    how many wait (1000000), due in the hours after the next
          --past N        how many of them are due already (1000); a directory of these alone is the measure of an empty server
          --domains N     recipient domains (1000)

        What the figures mean
          accepted/s, delivered/s   from the first dial to the last 250 and to the last message at the sink
          dot to 250                from the final dot to the reply read: the price of safe storage
          250 to delivered          from the reply to the final dot at the sink; 0 where the sink was first
          peak memory               resident pages summed over the processes; pages that processes share count for each
          lost                      accepted and not delivered: must be 0, as must duplicates without a crash

        Only loopback addresses are dialled or bound. Exit code: 0 every message arrived, 1 not all, 2 called wrongly.
        """;
}
