using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Waybill.Mail.Dns;

namespace Waybill.Engine.Routing;

public static class RoutingServices
{
    public const string Section = "Waybill:Routing";

    /// <summary>The resolver and the routes it leads to.</summary>
    public static IServiceCollection AddMailRouting(this IServiceCollection services)
    {
        services.AddOptions<RoutingOptions>().BindConfiguration(Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<RoutingOptions>, RoutingOptionsValidator>();
        services.AddSingleton<IDnsResolver, DnsResolver>();
        services.AddSingleton<Router>();
        return services;
    }
}
