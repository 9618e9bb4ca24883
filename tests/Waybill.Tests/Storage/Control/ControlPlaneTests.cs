using Microsoft.AspNetCore.Identity;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Waybill.Engine.Operating.Credentials;
using Waybill.Engine.Operating.People;
using Waybill.Storage.Sqlite.Control;

namespace Waybill.Tests.Storage.Control;

public sealed class ControlPlaneTests : IAsyncLifetime
{
    private readonly string _data = Directory.CreateTempSubdirectory("waybill-control-").FullName;
    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 11, 23, 13, 0, 0, TimeSpan.Zero));
    private readonly List<ServiceProvider> _processes = [];
    private ServiceProvider _services = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private ISmtpUsers Users => _services.GetRequiredService<ISmtpUsers>();

    private IPeople People => _services.GetRequiredService<IPeople>();

    public async ValueTask InitializeAsync()
    {
        _services = Process();
        await _services.MigrateControlPlaneAsync(Token);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes)
        {
            await process.DisposeAsync();
        }

        SqliteConnection.ClearAllPools();
        Directory.Delete(_data, recursive: true);
    }

    [Fact]
    public async Task The_migrations_make_the_form_that_the_model_asks_for()
    {
        await using var db = await _services.GetRequiredService<IDbContextFactory<ControlDb>>().CreateDbContextAsync(Token);

        Assert.False(db.Database.HasPendingModelChanges());
        Assert.Equal("wal", (await db.Database.SqlQueryRaw<string>("SELECT journal_mode AS Value FROM pragma_journal_mode").ToListAsync(Token))[0]);
        await _services.MigrateControlPlaneAsync(Token);
    }

    [Fact]
    public async Task A_user_is_known_by_name_and_password_together()
    {
        await Users.SetAsync("Shop", "correct horse", "The web shop", Token);

        Assert.Equal(("Shop", "The web shop"), await Users.VerifyAsync("shop", "correct horse", Token) is { } user ? (user.Name, user.Description) : default);
        Assert.Null(await Users.VerifyAsync("shop", "correct hors", Token));
        Assert.Null(await Users.VerifyAsync("shop", "Correct horse", Token));
        Assert.Null(await Users.VerifyAsync("nobody", "correct horse", Token));
        Assert.NotNull(await Users.VerifyAsync("SHOP", "correct horse", Token));
    }

    [Fact]
    public async Task A_new_password_and_a_removal_count_at_once()
    {
        await Users.SetAsync("shop", "old", "", Token);
        Assert.NotNull(await Users.VerifyAsync("shop", "old", Token));

        await Users.SetAsync("shop", "new", "", Token);
        Assert.Null(await Users.VerifyAsync("shop", "old", Token));
        Assert.NotNull(await Users.VerifyAsync("shop", "new", Token));

        Assert.True(await Users.RemoveAsync("shop", Token));
        Assert.Null(await Users.VerifyAsync("shop", "new", Token));
        Assert.False(await Users.RemoveAsync("shop", Token));
    }

    [Fact]
    public async Task A_password_changed_by_the_command_line_counts_within_seconds()
    {
        await Users.SetAsync("shop", "old", "", Token);
        Assert.NotNull(await Users.VerifyAsync("shop", "old", Token));

        await Process().GetRequiredService<ISmtpUsers>().SetAsync("shop", "new", "", Token);
        _clock.Advance(TimeSpan.FromSeconds(11));

        Assert.Null(await Users.VerifyAsync("shop", "old", Token));
        Assert.NotNull(await Users.VerifyAsync("shop", "new", Token));
    }

    [Fact]
    public async Task A_password_that_proved_right_is_not_hashed_again()
    {
        await Users.SetAsync("shop", "secret", "", Token);
        await Users.VerifyAsync("shop", "secret", Token);
        var before = GC.GetAllocatedBytesForCurrentThread();

        // A slow hash takes tens of milliseconds; a thousand of them would take most of a minute.
        for (var i = 0; i < 1_000; i++)
        {
            Assert.True(Users.VerifyAsync("shop", "secret", Token).IsCompletedSuccessfully);
        }

        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 2_000_000);
    }

    [Fact]
    public async Task Last_use_is_written_down_to_within_minutes()
    {
        await Users.SetAsync("shop", "secret", "", Token);
        Assert.Null(Assert.Single(await Users.ListAsync(Token)).LastUsedAt);

        await Users.VerifyAsync("shop", "secret", Token);
        _clock.Advance(TimeSpan.FromMinutes(6));
        await Users.VerifyAsync("shop", "secret", Token);

        Assert.Equal(_clock.GetUtcNow(), Assert.Single(await Users.ListAsync(Token)).LastUsedAt);
    }

    [Theory]
    [InlineData("")]
    [InlineData("with blank")]
    [InlineData("line\nbreak")]
    [InlineData("ümlaut")]
    public async Task A_name_that_is_none_is_refused(string name) =>
        await Assert.ThrowsAsync<ArgumentException>(() => Users.SetAsync(name, "secret", "", Token));

    [Fact]
    public async Task The_first_administrator_is_made_once()
    {
        var login = await People.EnsureFirstAdministratorAsync("admin@example.com", Token);

        Assert.True(await MayEnterAsync(login!));
        Assert.Null(await People.EnsureFirstAdministratorAsync("other@example.com", Token));
        Assert.Equal("admin@example.com", Assert.Single(await People.ListAsync(Token)).Email);
    }

    [Fact]
    public async Task A_reset_ends_the_old_password_and_adds_who_is_missing()
    {
        var old = await People.ResetAsync("jo@example.com", Token);
        var renewed = await People.ResetAsync("JO@example.com", Token);

        Assert.False(await MayEnterAsync(old));
        Assert.True(await MayEnterAsync(renewed));
        Assert.True(await People.RemoveAsync("jo@example.com", Token));
        Assert.False(await People.RemoveAsync("jo@example.com", Token));
    }

    [Fact]
    public async Task What_is_no_address_cannot_sign_in() =>
        await Assert.ThrowsAsync<ArgumentException>(() => People.ResetAsync("not an address", Token));

    [Fact]
    public void Keys_and_passwords_are_for_the_owner_of_the_process_alone()
    {
        // Windows has no such modes: there the directory's own rights count.
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_data, ControlDb.FileName)));
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.Combine(_data, "keys")));
        }
    }

    private ServiceProvider Process()
    {
        var process = new ServiceCollection().AddSingleton<TimeProvider>(_clock).AddLogging().AddSqliteControlPlane(_data).BuildServiceProvider();
        _processes.Add(process);
        return process;
    }

    private async Task<bool> MayEnterAsync(PersonLogin login)
    {
        await using var scope = _services.CreateAsyncScope();
        var people = scope.ServiceProvider.GetRequiredService<UserManager<Person>>();
        return await people.FindByEmailAsync(login.Email) is { } person && await people.CheckPasswordAsync(person, login.Password);
    }
}
