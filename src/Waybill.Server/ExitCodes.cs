namespace Waybill.Server;

/// <summary>What the verbs exit with.</summary>
internal static class ExitCodes
{
    public const int Ok = 0;

    /// <summary>Not found, or the order could not be carried out.</summary>
    public const int Failed = 1;

    /// <summary>The command or the configuration is not valid; the message says what to write.</summary>
    public const int Usage = 2;
}
