using Microsoft.Extensions.Logging.Abstractions;
using Waybill.Engine.Recording;
using Waybill.Engine.Spooling;
using Waybill.Mail.Messages;
using Waybill.Storage.Sqlite;

namespace Waybill.Tests.Storage;

/// <summary>What is the embedded store's own: its groups, its days and shares, its journal, its index.</summary>
public sealed class SqliteStoreTests : IAsyncDisposable
{
    private readonly SqliteUnderTest _store = new(new StoreLimits { RecipientsPerPartition = 4 });

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    [Fact]
    public async Task Callers_at_once_share_commits()
    {
        await using var store = new SqliteUnderTest();
        var submissions = Enumerable.Range(0, 1_000).Select(_ => store.Submit(new Letter())).ToList();

        await Task.WhenAll(submissions.Select(store.Spool.AcceptAsync));

        // A row of the journal is a commit.
        Assert.InRange(store.Scalar("SELECT count(*) FROM journal"), 1, 500);
        Assert.Equal(1_000, store.Spool.WaitingCount);
    }

    [Fact]
    public async Task What_is_due_is_found_by_the_index_of_due_times_and_no_table_is_walked()
    {
        await _store.AcceptAsync();
        var partition = new Partition("20261120_1", default);

        Assert.Equal(["SEARCH recipient_20261120_1 USING INDEX due_20261120_1 (due_at=? AND rowid>?)"], _store.Plan(partition.SelectDueAt));
        Assert.Equal(["SEARCH recipient_20261120_1 USING INDEX due_20261120_1 (due_at>? AND due_at<?)"], _store.Plan(partition.SelectDueAfter));
        Assert.All(_store.Plan(partition.CountWaiting), line => Assert.Contains("COVERING INDEX due_20261120_1", line));
    }

    [Fact]
    public async Task A_busy_day_is_cut_into_shares_and_everybody_is_found_in_theirs()
    {
        var ids = new List<RecipientId>();
        for (var i = 0; i < 30; i++)
        {
            ids.AddRange((await _store.AcceptAsync("a@two.example", "b@two.example")).Recipients.Select(one => one.Id));
            Advance(0.4);
        }

        Assert.InRange(_store.Scalar("SELECT count(*) FROM partition"), 4, 15);
        Assert.Equal(60, (await _store.Spool.LoadAsync(ids, Token)).Count);
        await _store.CrashAsync();
        Assert.Equal(60, (await _store.Spool.LoadAsync(ids, Token)).Count);
        Assert.Equal(ids, (await _store.Spool.WaitingAsync(default, DateTimeOffset.MaxValue, 100, Token)).Select(one => one.Id));
    }

    [Fact]
    public async Task A_share_is_never_begun_in_the_last_moment_of_a_day()
    {
        _store.Clock.AdjustTime(new DateTimeOffset(2026, 11, 20, 23, 59, 59, 500, TimeSpan.Zero));
        for (var i = 0; i < 8; i++)
        {
            await _store.AcceptAsync();
        }

        Advance(0.7);
        for (var i = 0; i < 8; i++)
        {
            await _store.AcceptAsync(); // Just after midnight, where such a share would have begun.
            Advance(0.2);
        }

        Assert.Equal(16, _store.Spool.WaitingCount);
        var waiting = await _store.Spool.WaitingAsync(default, DateTimeOffset.MaxValue, 100, Token);
        Assert.Equal(16, (await _store.Spool.LoadAsync([.. waiting.Select(one => one.Id)], Token)).Count);
    }

    [Fact]
    public async Task A_share_begins_behind_ids_that_run_ahead_of_a_clock_that_was_set_back()
    {
        await _store.AcceptAsync("a@two.example", "b@two.example");
        _store.Clock.AdjustTime(StoreUnderTest.Noon.AddHours(-2));
        for (var i = 0; i < 6; i++)
        {
            await _store.AcceptAsync();
        }

        var waiting = await _store.Spool.WaitingAsync(default, DateTimeOffset.MaxValue, 100, Token);

        Assert.Equal(8, waiting.Count);
        Assert.Equal(8, (await _store.Spool.LoadAsync([.. waiting.Select(one => one.Id)], Token)).Count);
    }

    [Fact]
    public async Task A_full_disk_fails_acceptance_at_once_while_outcomes_wait_and_are_written_when_there_is_room()
    {
        var id = (await _store.AcceptAsync()).Recipients[0].Id;
        await _store.Spool.NoteDotSentAsync(new DotSent([id], StoreUnderTest.Noon, "mx", "192.0.2.1:25"));
        _store.FillDisk();
        var large = new Letter { Subject = new string('x', 400_000) };

        await Assert.ThrowsAsync<SpoolUnavailableException>(() => _store.AcceptAsync(large));
        var recording = _store.RecordAsync(id, EventKind.Delivered, new string('y', 400_000));
        await Assert.ThrowsAsync<SpoolUnavailableException>(() => _store.AcceptAsync(large));
        Assert.False(recording.IsCompleted);
        Assert.False(_store.Spool.IsAvailable);
        _store.FreeDisk();

        await recording.WaitAsync(TimeSpan.FromSeconds(30), Token);
        Assert.True(_store.Spool.IsAvailable);
        await _store.AcceptAsync(large);
        Assert.Equal(1, _store.Spool.WaitingCount);
        Assert.Empty(await _store.Spool.UnresolvedDotsAsync(Token));
    }

    [Fact]
    public async Task A_store_that_failed_is_available_again_without_anybody_asking_it_for_anything()
    {
        using (_store.BreakContent())
        {
            await Assert.ThrowsAsync<SpoolUnavailableException>(() => _store.AcceptAsync());
        }

        while (!_store.Spool.IsAvailable)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, Token);
        }
    }

    [Fact]
    public async Task Closing_a_store_that_fails_tells_those_who_wait_and_ends()
    {
        var store = new SqliteUnderTest();
        var id = (await store.AcceptAsync()).Recipients[0].Id;
        store.FillDisk();
        var recording = store.RecordAsync(id, EventKind.Delivered, new string('y', 400_000));

        await store.DisposeAsync();

        await Assert.ThrowsAsync<SpoolUnavailableException>(() => recording);
    }

    [Fact]
    public async Task A_directory_that_is_in_use_is_refused_and_nothing_in_it_is_touched()
    {
        using var draft = _store.Draft(new byte[ContentDraft.FlushAtOctets]);
        await draft.FlushAsync(Token);

        Assert.Throws<InvalidOperationException>(() => SqliteStore.Open(_store.DataDirectory, _store.Clock, new LiveFeed(), NullLoggerFactory.Instance));

        var accepted = await _store.Spool.AcceptAsync(_store.Submit(new Letter()) with { Content = draft });
        using var lease = _store.Content.Open(accepted.Recipients[0].Message.Content);
        Assert.Equal(ContentDraft.FlushAtOctets, lease.LengthOctets);
    }

    [Fact]
    public async Task The_directory_can_be_read_beside_the_server_that_has_it_open()
    {
        var id = (await _store.AcceptAsync()).Recipients[0].Id;
        await _store.IndexedAsync();

        using var reader = SqliteStore.OpenForReading(_store.DataDirectory, _store.Clock, NullLoggerFactory.Instance);

        Assert.NotNull(await reader.Timeline.FindAsync(1, id, Token));
        Assert.Single(await reader.Timeline.TraceAsync(1, "reader@two.example", 10, Token));
        Assert.Null(reader.Spool);
    }

    [Fact]
    public async Task The_journal_is_trimmed_behind_the_index_and_keeps_the_number_of_the_last_group()
    {
        for (var i = 0; i < 1_200; i += 400)
        {
            await Task.WhenAll(Enumerable.Range(0, 400).Select(_ => _store.AcceptAsync()));
        }

        var (rows, last) = (_store.Scalar("SELECT count(*) FROM journal"), _store.Scalar("SELECT max(seq) FROM journal"));
        await _store.IndexedAsync();
        Advance(1_800);
        Assert.False(await Spool.TrimJournalAsync(last, _store.Clock.GetUtcNow().AddHours(-1)));
        Assert.Equal(rows, _store.Scalar("SELECT count(*) FROM journal"));
        Advance(3_600);

        // The index may have asked for a trim of its own meanwhile: such a group has a number and no row.
        var first = _store.Scalar("SELECT min(seq) FROM journal");
        Assert.False(await Spool.TrimJournalAsync(first, _store.Clock.GetUtcNow().AddHours(-1)));
        Assert.Equal(rows - 1, _store.Scalar("SELECT count(*) FROM journal"));
        await Spool.TrimJournalAsync(last, _store.Clock.GetUtcNow().AddHours(-1));

        Assert.Equal((1, last), (_store.Scalar("SELECT count(*) FROM journal"), _store.Scalar("SELECT max(seq) FROM journal")));
        await _store.CrashAsync();
        await _store.AcceptAsync();
        Assert.InRange(_store.Scalar("SELECT max(seq) FROM journal"), last + 1, long.MaxValue);
    }

    [Fact]
    public async Task The_index_trims_the_journal_as_time_goes_by()
    {
        await _store.AcceptAsync("a@two.example");
        await _store.AcceptAsync("b@two.example");
        Advance(3_700);
        await _store.AcceptAsync("c@two.example");
        while (_store.Scalar("SELECT count(*) FROM journal") > 1)
        {
            _store.Clock.Advance(TimeSpan.FromSeconds(30));
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, Token);
        }

        Assert.Equal(3, (await _store.Timeline.SearchAsync(new ActivityQuery { Recipient = "@two.example" }, Token)).Rows.Count);
    }

    [Theory]
    [InlineData("lost")]
    [InlineData("broken")]
    [InlineData("old")]
    public async Task An_index_is_made_again_from_the_timeline_when_the_journal_no_longer_reaches_back(string what)
    {
        var accepted = new List<RecipientId>();
        for (var i = 0; i < 10; i++)
        {
            accepted.Insert(0, (await _store.AcceptAsync(new Letter { Subject = $"Number {i}" })).Recipients[0].Id);
            Advance(i == 5 ? 24 * 3600 : 1);
        }

        var oldest = accepted[^1];
        await _store.RecordAsync(oldest, EventKind.Delivered, "250 queued as OLD1");
        await _store.IndexedAsync();
        Advance(7_200);
        await Spool.TrimJournalAsync(long.MaxValue, _store.Clock.GetUtcNow());
        await _store.SpoilIndexAsync(what);
        accepted.Insert(0, (await _store.AcceptAsync(new Letter { Subject = "Number 10" })).Recipients[0].Id);

        await _store.IndexedAsync();

        Assert.Equal(accepted, await SearchAsync(new ActivityQuery { Recipient = "reader@two.example" }));
        Assert.Equal([oldest], await SearchAsync(new ActivityQuery { Reply = "OLD1", Subject = "number 0" }));
        await _store.RecordAsync(oldest, EventKind.Delivered, "250 queued as NEW1");
        await _store.IndexedAsync();
        Assert.Equal([oldest], await SearchAsync(new ActivityQuery { Reply = "OLD1 NEW1" }));
    }

    [Fact]
    public async Task Tables_that_a_cut_short_drop_left_behind_are_dropped_at_the_next_start()
    {
        await _store.AcceptAsync();
        await _store.ReopenAsync();
        _store.Opened.WriterSession!.Execute("CREATE TABLE event_20250101_1(x)");

        await _store.ReopenAsync();

        Assert.Equal(0, _store.Scalar("SELECT count(*) FROM sqlite_master WHERE name='event_20250101_1'"));
        Assert.Equal(1, _store.Spool.WaitingCount);
        Assert.Single(await SearchAsync(new ActivityQuery()));
    }

    private SqliteSpool Spool => (SqliteSpool)_store.Spool;

    private void Advance(double seconds) => _store.Clock.AdjustTime(_store.Clock.GetUtcNow().AddSeconds(seconds));

    private async Task<List<RecipientId>> SearchAsync(ActivityQuery query) =>
        [.. (await _store.Timeline.SearchAsync(query, Token)).Rows.Select(row => row.Id)];
}
