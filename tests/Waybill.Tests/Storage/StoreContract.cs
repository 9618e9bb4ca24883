using Waybill.Engine.Recording;
using Waybill.Engine.Spooling;
using Waybill.Mail.Messages;

namespace Waybill.Tests.Storage;

/// <summary>What the contract suites share: a fresh store for every test. A store's own tests name the store, and nothing else.</summary>
public abstract class StoreContract : IAsyncLifetime
{
    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    protected StoreUnderTest Store { get; private set; } = null!;

    protected ISpool Spool => Store.Spool;

    protected ITimeline Timeline => Store.Timeline;

    protected DateTimeOffset Now => Store.Clock.GetUtcNow();

    public ValueTask InitializeAsync()
    {
        Store = NewStore();
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return Store.DisposeAsync();
    }

    protected abstract StoreUnderTest NewStore();

    /// <summary>Lets time pass. Nothing that a store does every so often happens meanwhile: a test asks for it.</summary>
    protected void Advance(double seconds) => Store.Clock.AdjustTime(Now.AddSeconds(seconds));

    /// <summary>Everybody who waits, in pages as the scheduler reads them.</summary>
    protected async Task<List<WaitingRecipient>> WaitingAsync(int page = 100, DateTimeOffset? until = null)
    {
        var all = new List<WaitingRecipient>();
        var cursor = default(DueCursor);
        while (true)
        {
            var found = await Spool.WaitingAsync(cursor, until ?? DateTimeOffset.MaxValue, page, Token);
            all.AddRange(found);
            if (found.Count < page)
            {
                return all;
            }

            cursor = new DueCursor(found[^1].DueAt, found[^1].Id);
        }
    }

    protected async Task<RecipientTimeline> FindAsync(RecipientId id, int account = 1) =>
        await Timeline.FindAsync(account, id, Token) ?? throw new InvalidOperationException($"There is no timeline of {id}.");

    protected async Task<ActivityRow> RowAsync(RecipientId id) => (await FindAsync(id)).Row;

    protected async Task<List<RecipientId>> SearchAsync(ActivityQuery query) =>
        [.. (await Timeline.SearchAsync(query, Token)).Rows.Select(row => row.Id)];
}
