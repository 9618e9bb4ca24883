using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Waybill.Engine.Delivering.Client;

public static class SmtpClientServices
{
    /// <summary>Adds <see cref="SmtpConnector"/> and <see cref="AttemptJudge"/>, set by the sections <c>Waybill:Client</c> and <c>Waybill:Retry</c>.</summary>
    public static IServiceCollection AddSmtpClient(this IServiceCollection services)
    {
        services.AddOptions<SmtpClientOptions>().BindConfiguration("Waybill:Client").ValidateOnStart();
        services.AddOptions<RetryOptions>().BindConfiguration("Waybill:Retry").ValidateOnStart();
        services.AddSingleton<IValidateOptions<SmtpClientOptions>, SmtpClientOptionsValidator>();
        services.AddSingleton<IValidateOptions<RetryOptions>, RetryOptionsValidator>();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(Random.Shared);
        services.AddSingleton<AttemptJudge>();
        services.AddSingleton<SmtpConnector>();
        return services;
    }
}
