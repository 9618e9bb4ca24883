using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Waybill.Mail.Dns;

namespace Waybill.Engine.Routing;

public static class RoutingServices
{
    /// <summary>Adds routing: <see cref="IDnsResolver"/> and <see cref="Router"/>, set by the configuration section <c>Waybill:Routing</c>.</summary>
    public static IServiceCollection AddRouting(this IServiceCollection services)
    {
        services.AddOptions<RoutingOptions>().BindConfiguration("Waybill:Routing").ValidateOnStart();
        services.AddSingleton<IValidateOptions<RoutingOptions>, RoutingOptionsValidator>();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<IDnsResolver, DnsResolver>();
        services.AddSingleton<Router>();
        return services;
    }
}
