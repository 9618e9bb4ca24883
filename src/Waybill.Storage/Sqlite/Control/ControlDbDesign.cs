using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;

namespace Waybill.Storage.Sqlite.Control;

/// <summary>Lets <c>dotnet ef migrations add</c> build the model without a host.</summary>
internal sealed class ControlDbDesign : IDesignTimeDbContextFactory<ControlDb>
{
    public ControlDb CreateDbContext(string[] args) =>
        new(new DbContextOptionsBuilder<ControlDb>().UseSqlite("Data Source=:memory:").Options);
}
