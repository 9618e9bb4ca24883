namespace Waybill.Storage.Schema;

/// <summary>Instants as they are stored: microseconds since 1970, UTC.</summary>
internal static class StoredTime
{
    private static readonly long UnixEpochTicks = DateTimeOffset.UnixEpoch.UtcTicks;

    public static long From(DateTimeOffset instant) => (instant.UtcTicks - UnixEpochTicks) / 10;

    public static long? From(DateTimeOffset? instant) => instant is { } at ? From(at) : null;

    public static DateTimeOffset To(long microseconds) => new(UnixEpochTicks + (microseconds * 10), TimeSpan.Zero);
}
