using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Waybill.Engine.Accepting;

namespace Waybill.Engine.Listening;

public static class ListeningServices
{
    /// <summary>The listeners' parts. <see cref="ListenSmtp"/> binds them.</summary>
    /// <param name="dataDirectory">Where the self-signed certificate lies.</param>
    public static IServiceCollection AddListening(this IServiceCollection services, string dataDirectory)
    {
        services.AddOptions<ListeningOptions>().BindConfiguration(ListeningOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<ListeningOptions>, ListeningOptionsValidator>();
        services.AddSingleton<ConnectionWatch>();
        services.AddHostedService(provider => provider.GetRequiredService<ConnectionWatch>());
        services.AddSingleton(provider =>
        {
            var options = provider.GetRequiredService<IOptions<ListeningOptions>>().Value;
            return new CertificateSource(
                dataDirectory,
                provider.GetRequiredService<IOptions<SubmissionOptions>>().Value.HostName,
                options.CertificatePath,
                options.CertificateKeyPath,
                provider.GetRequiredService<TimeProvider>(),
                provider.GetRequiredService<ILogger<CertificateSource>>());
        });
        services.AddSingleton(provider => new ListeningParts(
            provider.GetRequiredService<SubmissionParts>(),
            provider.GetRequiredService<CertificateSource>(),
            provider.GetRequiredService<ConnectionWatch>(),
            provider.GetRequiredService<IOptions<ListeningOptions>>().Value,
            provider.GetRequiredService<ILogger<SmtpConnectionHandler>>()));
        return services;
    }

    /// <summary>Binds a listener on Kestrel's connection layer.</summary>
    /// <returns>The bound options: after the start its endpoint holds the real port.</returns>
    public static ListenOptions ListenSmtp(this KestrelServerOptions kestrel, SmtpListener listener)
    {
        ListenOptions? bound = null;
        kestrel.Listen(listener.Endpoint, options =>
        {
            bound = options;
            var handler = new SmtpConnectionHandler(
                kestrel.ApplicationServices.GetRequiredService<ListeningParts>(),
                listener,
                kestrel.ApplicationServices.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping);
            options.Run(handler.RunAsync);
        });
        return bound!;
    }
}
