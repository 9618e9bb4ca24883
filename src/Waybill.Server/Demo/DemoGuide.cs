using Waybill.Peers.Internet;

namespace Waybill.Server.Demo;

/// <summary>Tells a newcomer where to look.</summary>
internal static class DemoGuide
{
    public static async Task WriteAsync(Platform platform, SimulatedInternet internet, string user, string password, string dataDirectory, CancellationToken cancellationToken)
    {
        var http = platform.EndpointOf("http")!;
        var smtp = platform.EndpointOf("smtp")!;
        var path = FirstLoginFile.PathIn(dataDirectory);
        if (platform.FirstLogin is { } made)
        {
            await FirstLoginFile.WriteAsync(dataDirectory, made, cancellationToken);
        }

        var login = File.Exists(path) ? await File.ReadAllLinesAsync(path, cancellationToken) : ["admin@localhost", "(made at the first start; waybill user add admin@localhost gives a new one)"];
        var guide = $"""

            Waybill runs on a simulated internet. Nothing leaves this machine.

              Pages      http://{http}/   sign in as {login[0]} with {login[1]}
              Caught     http://{http}/simulator   what the simulated servers took in
              SMTP       {smtp}   user {user}, password {password}   (STARTTLS offered)

            Send something:

              swaks --server {smtp} --auth PLAIN --auth-user {user} --auth-password {password} \
                --from orders@shop.test --to you@gmail.test --header 'Subject: Hello from swaks'
              printf 'Subject: Hello from curl\n\nHello.\n' | curl --url smtp://{smtp} --user {user}:{password} --crlf \
                --mail-from orders@shop.test --mail-rcpt greylist@outlook.test --upload-file -

            and follow it:

              dotnet run --project src/Waybill.Server -- trace you@gmail.test --data {dataDirectory}

            Domains     {string.Join(' ', internet.Domains.Select(domain => domain.Name))}
            Addresses   in every domain, the part before the @ decides:
            {string.Join('\n', SimulatedInternet.Addresses.Select(address => $"  {address.LocalPart + "@",-14}{address.Description}"))}

            Ctrl+C ends it.
            """;
        Console.WriteLine(guide);
        await Console.Out.FlushAsync(cancellationToken);
    }
}
