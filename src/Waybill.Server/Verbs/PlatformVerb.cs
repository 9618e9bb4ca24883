using System.CommandLine;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;
using Waybill.Engine.Accepting;
using Waybill.Engine.Delivering;
using Waybill.Engine.Delivering.Client;
using Waybill.Engine.Listening;
using Waybill.Engine.Operating.Delivery;
using Waybill.Engine.Routing;

namespace Waybill.Server.Verbs;

/// <summary>The options that <c>serve</c> and <c>demo</c> share.</summary>
internal sealed class PlatformVerb
{
    // A failure names the property; a person needs the whole key.
    private static readonly Dictionary<Type, string> Sections = new()
    {
        [typeof(ListeningOptions)] = ListeningOptions.Section,
        [typeof(SubmissionOptions)] = SubmissionOptions.Section,
        [typeof(RoutingOptions)] = RoutingServices.Section,
        [typeof(DeliveryOptions)] = DeliveryOptions.Section,
        [typeof(SmtpClientOptions)] = "Waybill:Client",
        [typeof(RetryOptions)] = "Waybill:Retry",
    };

    private readonly Option<string> _data = new("--data") { Description = "Data directory; made where there is none", DefaultValueFactory = _ => "data" };
    private readonly Option<string?> _http = new("--http") { Description = "ADDR:PORT of the pages (default 127.0.0.1:8080)" };
    private readonly Option<string?> _smtp = new("--smtp") { Description = "ADDR:PORT for submission with STARTTLS (default 0.0.0.0:2525, and 587 where permitted)" };
    private readonly Option<string?> _smtps = new("--smtps") { Description = "ADDR:PORT for submission with TLS from the first octet (default 0.0.0.0:465 where permitted)" };
    private readonly Option<string?> _trusted = new("--smtp-trusted") { Description = "ADDR:PORT that takes mail from loopback without AUTH" };
    private readonly Option<string?> _smartHost = new("--smart-host") { Description = "HOST:PORT that takes the mail of every domain" };
    private readonly Option<string?> _resolver = new("--resolver") { Description = "ADDR:PORT of the DNS server (default: the system's)" };

    public PlatformVerb(string name, string description, Func<PlatformOptions, CancellationToken, Task<int>> run)
    {
        Command = new Command(name, description) { _data, _http, _smtp, _smtps, _trusted, _smartHost, _resolver };
        Command.SetAction((parsed, cancellationToken) => RunAsync(Read(parsed), run, cancellationToken));
    }

    public Command Command { get; }

    private PlatformOptions Read(ParseResult parsed) => new()
    {
        DataDirectory = Path.GetFullPath(parsed.GetValue(_data)!),
        Http = parsed.GetValue(_http),
        Smtp = parsed.GetValue(_smtp),
        Smtps = parsed.GetValue(_smtps),
        SmtpTrusted = parsed.GetValue(_trusted),
        SmartHost = parsed.GetValue(_smartHost),
        Resolver = parsed.GetValue(_resolver),
    };

    private static async Task<int> RunAsync(PlatformOptions options, Func<PlatformOptions, CancellationToken, Task<int>> run, CancellationToken cancellationToken)
    {
        try
        {
            return await run(options, cancellationToken);
        }
        catch (OptionsValidationException fault)
        {
            return await TellAsync([fault]);
        }
        catch (AggregateException faults) when (faults.InnerExceptions.All(static fault => fault is OptionsValidationException))
        {
            return await TellAsync(faults.InnerExceptions.Cast<OptionsValidationException>());
        }
        catch (InvalidDataException fault)
        {
            // A file that is no JSON: the innermost words have the line.
            await Console.Error.WriteLineAsync($"{fault.Message} {fault.GetBaseException().Message}");
            return ExitCodes.Usage;
        }
        catch (IOException fault) when (fault.InnerException is AddressInUseException)
        {
            await Console.Error.WriteLineAsync($"{fault.Message} Stop what listens there, or name other ports with --http, --smtp and --smtps.");
            return ExitCodes.Usage;
        }
        catch (Exception fault) when (fault is ConfigurationFault or InvalidOperationException or IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync(fault.Message);
            return ExitCodes.Usage;
        }
    }

    private static async Task<int> TellAsync(IEnumerable<OptionsValidationException> faults)
    {
        foreach (var fault in faults)
        {
            var section = Sections.TryGetValue(fault.OptionsType, out var known) ? known + ":" : "";
            foreach (var failure in fault.Failures)
            {
                await Console.Error.WriteLineAsync($"Configuration: {section}{failure}");
            }
        }

        await Console.Error.WriteLineAsync("Set it in appsettings.json, or by an environment variable with __ for every colon.");
        return ExitCodes.Usage;
    }
}
