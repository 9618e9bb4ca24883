namespace Waybill.Tests.Storage;

public sealed class SqliteSpoolTests : SpoolContract
{
    protected override StoreUnderTest NewStore() => new SqliteUnderTest();
}

public sealed class SqliteOutcomeTests : OutcomeContract
{
    protected override StoreUnderTest NewStore() => new SqliteUnderTest();
}

public sealed class SqliteContentTests : ContentContract
{
    protected override StoreUnderTest NewStore() => new SqliteUnderTest();
}

public sealed class SqliteTimelineTests : TimelineContract
{
    protected override StoreUnderTest NewStore() => new SqliteUnderTest();
}

public sealed class SqliteTraceTests : TraceContract
{
    protected override StoreUnderTest NewStore() => new SqliteUnderTest();
}

public sealed class SqliteLedgerTests : LedgerContract
{
    // Shares of three recipients: every sequence crosses some.
    protected override StoreUnderTest NewStore() => new SqliteUnderTest(new Waybill.Storage.Sqlite.StoreLimits { RecipientsPerPartition = 3 });
}
