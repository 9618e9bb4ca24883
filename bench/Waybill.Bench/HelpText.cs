namespace Waybill.Bench;

internal static class HelpText
{
    public const string Text = """
        help
        """;
}
