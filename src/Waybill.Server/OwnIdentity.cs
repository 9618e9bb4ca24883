using Microsoft.Extensions.Options;
using Waybill.Engine.Accepting;
using Waybill.Engine.Delivering.Client;
using Waybill.Engine.Listening;
using Waybill.Engine.Routing;

namespace Waybill.Server;

/// <summary>Tells the outbound half who this server is: the name it says, and the addresses at which mail would go in circles.</summary>
internal static class OwnIdentity
{
    public static void Tell(IServiceCollection services, IReadOnlyList<SmtpListener> listeners)
    {
        services.AddOptions<SmtpClientOptions>().PostConfigure<IOptions<SubmissionOptions>>((client, submission) =>
        {
            if (client.ClientName.Length == 0)
            {
                client.ClientName = submission.Value.HostName;
            }
        });
        services.AddOptions<RoutingOptions>().PostConfigure<IOptions<SubmissionOptions>>((routing, submission) =>
        {
            routing.OwnNames = [.. routing.OwnNames, submission.Value.HostName];
            routing.OwnEndpoints = [.. routing.OwnEndpoints, .. listeners.Where(one => one.Endpoint.Port != 0).Select(one => one.Endpoint.ToString())];
        });
    }
}
