using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Identity;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Waybill.Engine.Operating.Credentials;
using Waybill.Engine.Operating.People;

namespace Waybill.Storage.Sqlite.Control;

public static class ControlPlaneServices
{
    /// <summary>Keeps people and credentials in <c>control.db</c> of the data directory, and the keys of cookies in <c>keys/</c>.</summary>
    public static IServiceCollection AddSqliteControlPlane(this IServiceCollection services, string dataDirectory)
    {
        var keys = Path.Combine(dataDirectory, "keys");
        var file = new SqliteConnectionStringBuilder
        {
            DataSource = Path.Combine(dataDirectory, ControlDb.FileName),
            ForeignKeys = true,
        };

        services.TryAddSingleton(TimeProvider.System);
        services.AddDbContextFactory<ControlDb>(options => options
            .UseSqlite(file.ConnectionString)
            // A command that fails throws, and whoever catches it logs it with what was tried.
            .ConfigureWarnings(warnings => warnings.Ignore(RelationalEventId.CommandExecuted, RelationalEventId.CommandError)));

        // It warns that keys lie in clear: they lie in a directory of ours alone, as the password hashes do.
        services.AddLogging(logging => logging.AddFilter("Microsoft.AspNetCore.DataProtection.KeyManagement.XmlKeyManager", LogLevel.Error));
        services.AddDataProtection().SetApplicationName("Waybill").PersistKeysToFileSystem(MakePrivate(keys));
        services.AddIdentityCore<Person>(People.Configure)
            .AddRoles<IdentityRole<Guid>>()
            .AddEntityFrameworkStores<ControlDb>();
        services.AddSingleton<IPeople, People>();
        services.AddSingleton<ISmtpUsers, SmtpUsers>();
        return services;
    }

    /// <summary>Brings <c>control.db</c> to this version's form, making it where there is none. Call it before the first use.</summary>
    public static async Task MigrateControlPlaneAsync(this IServiceProvider services, CancellationToken cancellationToken = default)
    {
        var factory = services.GetRequiredService<IDbContextFactory<ControlDb>>();
        await using var db = await factory.CreateDbContextAsync(cancellationToken);
        await db.Database.MigrateAsync(cancellationToken);

        // Writers do not hold readers up; the mode stays with the file.
        await db.Database.ExecuteSqlRawAsync("PRAGMA journal_mode = WAL", cancellationToken);
        if (!OperatingSystem.IsWindows() && db.Database.GetDbConnection().DataSource is { } path)
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
    }

    private static DirectoryInfo MakePrivate(string directory) => OperatingSystem.IsWindows()
        ? Directory.CreateDirectory(directory)
        : Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
}
