using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Waybill.Engine.Delivering.Client;
using Waybill.Engine.Operating.Delivery;
using Waybill.Engine.Routing;
using Waybill.Engine.Spooling;

namespace Waybill.Engine.Delivering;

public static class DeliveringServices
{
    public const string RetrySection = "Waybill:Retry";
    public const string ClientSection = "Waybill:SmtpClient";

    /// <summary>The scheduler and everything it sends with.</summary>
    public static IServiceCollection AddDelivering(this IServiceCollection services)
    {
        services.AddOptions<DeliveryOptions>().BindConfiguration(DeliveryOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<DeliveryOptions>, DeliveryOptionsValidator>();
        services.AddOptions<RetryOptions>().BindConfiguration(RetrySection).ValidateOnStart();
        services.AddSingleton<IValidateOptions<RetryOptions>, RetryOptionsValidator>();
        services.AddOptions<SmtpClientOptions>().BindConfiguration(ClientSection).ValidateOnStart();
        services.AddSingleton<IValidateOptions<SmtpClientOptions>, SmtpClientOptionsValidator>();

        services.AddSingleton(Random.Shared);
        services.AddSingleton<AttemptJudge>();
        services.AddSingleton<SmtpConnector>();
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
            !string.IsNullOrEmpty(provider.GetRequiredService<IOptions<RoutingOptions>>().Value.SmartHost)));
        services.AddSingleton<DeliveryScheduler>();
        services.AddSingleton<IDeliveryControl>(provider => provider.GetRequiredService<DeliveryScheduler>());
        services.AddHostedService(provider => provider.GetRequiredService<DotLedger>());
        services.AddHostedService(provider => provider.GetRequiredService<DeliveryScheduler>());
        return services;
    }
}
