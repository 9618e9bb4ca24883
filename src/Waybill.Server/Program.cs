using System.CommandLine;
using Waybill.Engine.Accepting;
using Waybill.Engine.Delivering;
using Waybill.Engine.Listening;
using Waybill.Engine.Recording;
using Waybill.Engine.Routing;
using Waybill.Engine.Spooling;
using Waybill.Server;
using Waybill.Server.Verbs;
using Waybill.Storage.Sqlite;
using Waybill.Storage.Sqlite.Control;
using Waybill.Web;

var waybill = new RootCommand("Waybill: email delivery with proof")
{
    ServeVerb.Create(),
    DemoVerb.Create(),
    TraceVerb.Create(),
    SendVerb.Create(),
    QueueVerb.Create(),
    UserVerbs.CreateUser(),
    UserVerbs.CreateSmtpUser(),
};

// An argument such as @example.com means a domain here, not a file of arguments.
var parsed = waybill.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
if (parsed.Errors.Count > 0)
{
    foreach (var error in parsed.Errors)
    {
        await Console.Error.WriteLineAsync(error.Message);
    }

    await Console.Error.WriteLineAsync("See waybill --help.");
    return ExitCodes.Usage;
}

// Signals are the host's: it drains for as long as it needs, where this library would end the process after two seconds.
return await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });

/// <summary>The house, composed: the stages in the order in which mail goes through them, then the store and the web face.</summary>
internal static partial class Program
{
    public static IServiceCollection AddWaybill(this IServiceCollection services, string dataDirectory) => services
        .AddListening(dataDirectory)
        .AddAccepting()
        .AddSpooling()
        .AddMailRouting()
        .AddDelivering()
        .AddRecording()
        .AddSqliteStore(dataDirectory)
        .AddSqliteControlPlane(dataDirectory)
        .AddWaybillWeb();
}
