namespace Waybill.EndToEnd.Harness;

/// <summary>Where things lie beside this suite.</summary>
internal static class RepositoryPaths
{
    public static string Root { get; } = FindRoot();

    /// <summary>Where eng/test puts the peers that are not installed as packages.</summary>
    public static string Tools => Path.Combine(Root, "artifacts", "tools");

    private static string FindRoot()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory.FullName, "Waybill.slnx")))
        {
            directory = directory.Parent ?? throw new DirectoryNotFoundException("This suite runs from a build inside the repository.");
        }

        return directory.FullName;
    }
}
