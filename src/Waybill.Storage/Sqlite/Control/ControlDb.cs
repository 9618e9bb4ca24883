using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Identity.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;
using Waybill.Engine.Operating.People;

namespace Waybill.Storage.Sqlite.Control;

/// <summary>The control plane: people and credentials. Mail itself never comes here.</summary>
public sealed class ControlDb(DbContextOptions<ControlDb> options) : IdentityDbContext<Person, IdentityRole<Guid>, Guid>(options)
{
    public const string FileName = "control.db";

    public DbSet<SmtpUserRow> SmtpUsers => Set<SmtpUserRow>();

    protected override void OnModelCreating(ModelBuilder builder)
    {
        base.OnModelCreating(builder);
        builder.Entity<Person>().ToTable("people");
        builder.Entity<IdentityRole<Guid>>().ToTable("roles");
        builder.Entity<IdentityUserRole<Guid>>().ToTable("people_roles");
        builder.Entity<IdentityUserClaim<Guid>>().ToTable("people_claims");
        builder.Entity<IdentityUserLogin<Guid>>().ToTable("people_logins");
        builder.Entity<IdentityUserToken<Guid>>().ToTable("people_tokens");
        builder.Entity<IdentityRoleClaim<Guid>>().ToTable("role_claims");

        builder.Entity<SmtpUserRow>(user =>
        {
            user.ToTable("smtp_users");
            user.HasKey(row => row.Name);
            user.Property(row => row.Name).HasMaxLength(128).UseCollation("NOCASE");
            user.Property(row => row.Description).HasMaxLength(500);
        });
    }
}

/// <summary>An SMTP user as it is stored. Instants are milliseconds since 1970: SQLite has no type that orders them.</summary>
public sealed class SmtpUserRow
{
    public required string Name { get; set; }

    public int AccountId { get; set; }

    public string Description { get; set; } = "";

    public long CreatedAt { get; set; }

    public long? LastUsedAt { get; set; }

    public required string PasswordHash { get; set; }
}
