using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Waybill.Engine.Delivering.Client;
using Waybill.Engine.Operating.Delivery;
using Waybill.Engine.Recording;
using Waybill.Engine.Routing;
using Waybill.Engine.Spooling;

namespace Waybill.Engine.Delivering;

public static class DeliveringServices
{
    /// <summary>The scheduler and everything it sends with.</summary>
    public static IServiceCollection AddDelivering(this IServiceCollection services)
    {
        services.AddOptions<DeliveryOptions>().BindConfiguration(DeliveryOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<DeliveryOptions>, DeliveryOptionsValidator>();
        services.AddSmtpClient();
        services.AddSingleton<Bouncer>();
        services.AddSingleton<WaitingRoom>();
        services.AddSingleton<DotLedger>();
        services.AddSingleton<LaneServices>();
        services.AddSingleton(provider => new LaneParts(
            provider.GetRequiredService<IOptions<DeliveryOptions>>().Value,
            provider.GetRequiredService<SmtpConnector>(),
            provider.GetRequiredService<AttemptJudge>(),
            provider.GetRequiredService<DotLedger>(),
            provider.GetRequiredService<IContentStore>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<DeliveryScheduler>>()));
        services.AddSingleton(provider => new SchedulerParts(
            provider.GetRequiredService<LaneServices>(),
            provider.GetRequiredService<LaneParts>(),
            provider.GetRequiredService<WaitingRoom>(),
            provider.GetRequiredService<ISpool>(),
            provider.GetRequiredService<FreshMail>(),
            provider.GetRequiredService<Router>(),
            provider.GetRequiredService<LiveFeed>(),
            !string.IsNullOrEmpty(provider.GetRequiredService<IOptions<RoutingOptions>>().Value.SmartHost)));
        services.AddSingleton<DeliveryScheduler>();
        services.AddSingleton<IDeliveryControl>(provider => provider.GetRequiredService<DeliveryScheduler>());
        services.AddHostedService(provider => provider.GetRequiredService<DotLedger>());
        services.AddHostedService(provider => provider.GetRequiredService<DeliveryScheduler>());
        return services;
    }
}
