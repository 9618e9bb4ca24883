using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Waybill.Engine.Operating.Credentials;
using Waybill.Engine.Spooling;

namespace Waybill.Engine.Accepting;

public static class AcceptingServices
{
    /// <summary>Sessions, AUTH and the door that every submission goes through.</summary>
    public static IServiceCollection AddAccepting(this IServiceCollection services)
    {
        services.AddOptions<SubmissionOptions>().BindConfiguration(SubmissionOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<SubmissionOptions>, SubmissionOptionsValidator>();
        services.AddSingleton<SubmissionDoor>();
        services.AddSingleton(provider => new SubmissionParts(
            provider.GetRequiredService<SubmissionDoor>(),
            provider.GetRequiredService<IContentStore>(),
            provider.GetRequiredService<ISmtpUsers>(),
            provider.GetRequiredService<IOptions<SubmissionOptions>>().Value,
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<SubmissionConnection>>()));
        return services;
    }
}
