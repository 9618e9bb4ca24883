using System.CommandLine;

namespace Waybill.Server.Verbs;

/// <summary><c>waybill demo</c>: the platform on a simulated internet, with mail to look at.</summary>
internal static class DemoVerb
{
    public static Command Create() => new PlatformVerb("demo", "Run the platform on a simulated internet, with sample mail", Demo.DemoRun.RunAsync).Command;
}
