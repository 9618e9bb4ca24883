// Two at once keep two cores busy; more would only make each other's deadlines tight.
[assembly: Xunit.v3.Parallelization(MaxThreads = 2)]

namespace Waybill.EndToEnd.Harness;

/// <summary>Tests that measure, or that work the machine as hard as they can: one at a time, with nothing beside them.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone
{
    public const string Name = "Alone";

    /// <summary>The category of tests that <c>eng/test --slow</c> runs.</summary>
    public const string Category = "Category";

    public const string Slow = "slow";
}
