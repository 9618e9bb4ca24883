using Microsoft.Extensions.DependencyInjection;

namespace Waybill.Engine.Spooling;

public static class SpoolingServices
{
    /// <summary>What stands between acceptance and delivery. The store behind <see cref="ISpool"/> is the host's choice.</summary>
    public static IServiceCollection AddSpooling(this IServiceCollection services) => services
        .AddSingleton<FreshMail>()
        .AddSingleton<Backlog>();
}
