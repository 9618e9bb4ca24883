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
