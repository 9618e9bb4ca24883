namespace Waybill.EndToEnd.Harness;

/// <summary>The <c>waybill</c> command, as a script uses it.</summary>
internal static class WaybillCommand
{
    /// <summary>The built server beside this suite, of the same configuration.</summary>
    public static string Assembly { get; } = Path.GetFullPath(Path.Combine(
        AppContext.BaseDirectory, "..", "..", "Waybill.Server", Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory)), "waybill.dll"));

    public static string Host => Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";

    public static Task<ToolRun> RunAsync(params string[] arguments) => Tool.RunAsync(Host, [Assembly, .. arguments]);

    public static Task<ToolRun> RunWithInputAsync(string input, params string[] arguments) => Tool.RunAsync(Host, [Assembly, .. arguments], input);
}
