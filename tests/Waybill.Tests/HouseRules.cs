using ArchUnitNET.Domain;
using ArchUnitNET.Loader;
using Waybill.Engine.Spooling;
using Waybill.Mail.Smtp;
using Waybill.Storage.Sqlite;
using Waybill.Web;

namespace Waybill.Tests;

/// <summary>The arrows between stages, as ARCHITECTURE.md draws them. The compiler holds those between projects.</summary>
public sealed class HouseRules
{
    private static readonly Dictionary<string, string[]> Arrows = new()
    {
        ["Listening"] = ["Accepting", "Spooling", "Recording", "Operating", "Tracking"],
        ["Accepting"] = ["Spooling", "Recording", "Operating", "Tracking"],
        ["Delivering"] = ["Spooling", "Routing", "Recording", "Operating"],
        ["Routing"] = ["Operating"],
        ["Returning"] = ["Spooling", "Recording", "Operating"],
        ["Reporting"] = ["Recording", "Operating"],
        ["Investigating"] = ["Recording", "Spooling", "Routing", "Operating"],
        ["Tracking"] = ["Recording", "Operating"],

        // Two halves of one store: what waits and what happened are committed together.
        ["Spooling"] = ["Recording"],
        ["Recording"] = ["Spooling"],
        ["Operating"] = [],
    };

    private static readonly Architecture House = new ArchLoader()
        .LoadAssemblies(typeof(ISpool).Assembly, typeof(SmtpLine).Assembly)
        .Build();

    [Fact]
    public void No_stage_reaches_where_no_arrow_is_drawn() => Assert.Empty(Violations(Arrows));

    [Fact]
    public void A_missing_arrow_would_be_seen()
    {
        var poorer = new Dictionary<string, string[]>(Arrows) { ["Accepting"] = ["Recording", "Operating"] };

        Assert.Contains(Violations(poorer), violation => violation.Contains("Accepting -> Spooling", StringComparison.Ordinal));
    }

    [Fact]
    public void Every_folder_of_the_engine_is_a_stage()
    {
        var folders = House.Types.Select(type => StageOf(type.FullName)).OfType<string>().Distinct();

        Assert.Empty(folders.Except(Arrows.Keys));
    }

    [Fact]
    public void Pages_and_stores_never_meet()
    {
        var web = typeof(WaybillWeb).Assembly.GetReferencedAssemblies().Select(name => name.Name);
        var storage = typeof(SqliteStore).Assembly.GetReferencedAssemblies().Select(name => name.Name);

        Assert.DoesNotContain("Waybill.Storage", web);
        Assert.DoesNotContain("Waybill.Web", storage);
    }

    private static IEnumerable<string> Violations(Dictionary<string, string[]> arrows) =>
        from type in House.Types
        let stage = StageOf(type.FullName)
        where stage is not null
        from dependency in type.Dependencies
        let target = StageOf(dependency.Target.FullName)
        where target is not null && target != stage && !arrows.GetValueOrDefault(stage, []).Contains(target)
        select $"{stage} -> {target}: {type.FullName} uses {dependency.Target.FullName}";

    private static string? StageOf(string name)
    {
        const string engine = "Waybill.Engine.";
        if (!name.StartsWith(engine, StringComparison.Ordinal))
        {
            return null;
        }

        var rest = name[engine.Length..];
        var dot = rest.IndexOf('.', StringComparison.Ordinal);
        return dot < 0 ? null : rest[..dot];
    }
}
