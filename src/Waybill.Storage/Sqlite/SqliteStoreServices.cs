using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Waybill.Engine.Operating.Retention;
using Waybill.Engine.Recording;
using Waybill.Mail.Messages;

namespace Waybill.Storage.Sqlite;

public static class SqliteStoreServices
{
    /// <summary>The embedded store behind the engine's ports.</summary>
    public static IServiceCollection AddSqliteStore(this IServiceCollection services, string dataDirectory)
    {
        services.AddSingleton(provider => SqliteStore.Open(
            dataDirectory,
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<LiveFeed>(),
            provider.GetRequiredService<ILoggerFactory>()));
        services.AddSingleton(provider => provider.GetRequiredService<SqliteStore>().Spool!);
        services.AddSingleton(provider => provider.GetRequiredService<SqliteStore>().Timeline);
        services.AddSingleton(provider => provider.GetRequiredService<SqliteStore>().Content);

        services.AddOptions<RetentionOptions>().BindConfiguration(RetentionOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<RetentionOptions>, RetentionOptionsValidator>();
        services.AddHostedService<RetentionTask>();

        // One node: this store has one writer, so the node's number is 0.
        services.AddSingleton(provider => new EmailIdSource(
            provider.GetRequiredService<TimeProvider>(), 0, provider.GetRequiredService<SqliteStore>().HighestId));
        return services;
    }
}
