using System.Buffers;
using System.Security.Cryptography;
using Waybill.Engine.Recording;
using Waybill.Engine.Spooling;

namespace Waybill.Tests.Storage;

/// <summary>What every content store keeps, and how a failing one is told.</summary>
public abstract class ContentContract : StoreContract
{
    private const int LargeOctets = 3 * 1024 * 1024;

    [Fact]
    public async Task A_small_message_comes_back_octet_for_octet_with_its_prefix_first()
    {
        var draft = Store.Draft([0, 13, 10, 255, 46]);
        draft.SetPrefix("Received: here\r\n"u8.ToArray());
        Assert.Equal(21, draft.LengthOctets);
        var accepted = await AcceptAsync(draft);

        await Store.CrashAsync();

        using var lease = Store.Content.Open(accepted.Recipients[0].Message.Content);
        Assert.Equal(21, lease.LengthOctets);
        var read = await ReadAsync(lease);
        Assert.Equal([.. "Received: here\r\n"u8, 0, 13, 10, 255, 46], read);
    }

    [Fact]
    public async Task A_large_message_streams_to_the_store_and_back()
    {
        var octets = RandomNumberGenerator.GetBytes(LargeOctets);
        var draft = Store.Content.Begin();
        draft.SetPrefix("Received: here\r\n"u8.ToArray());
        for (var at = 0; at < octets.Length; at += 100_000)
        {
            draft.Write(octets.AsSpan(at, Math.Min(100_000, octets.Length - at)));
            if (draft.BufferedOctets >= ContentDraft.FlushAtOctets)
            {
                await draft.FlushAsync(Token);
            }
        }

        Assert.Equal(LargeOctets + 16, draft.LengthOctets);
        var accepted = await AcceptAsync(draft);

        await Store.CrashAsync();

        using var lease = Store.Content.Open(accepted.Recipients[0].Message.Content);
        Assert.Equal(LargeOctets + 16, lease.LengthOctets);
        var read = await ReadAsync(lease);
        Assert.Equal("Received: here\r\n"u8.ToArray(), read[..16]);
        Assert.True(octets.AsSpan().SequenceEqual(read.AsSpan(16)));
    }

    [Fact]
    public async Task An_empty_message_is_a_message()
    {
        var accepted = await AcceptAsync(Store.Draft([]));

        using var lease = Store.Content.Open(accepted.Recipients[0].Message.Content);

        Assert.Empty(await ReadAsync(lease));
    }

    [Fact]
    public async Task Messages_of_one_group_do_not_mix()
    {
        var drafts = Enumerable.Range(0, 50).Select(i => Store.Draft(Enumerable.Repeat((byte)i, 100 + (i * 700)).ToArray())).ToList();

        var accepted = await Task.WhenAll(drafts.Select(AcceptAsync));

        for (var i = 0; i < accepted.Length; i++)
        {
            using var lease = Store.Content.Open(accepted[i].Recipients[0].Message.Content);
            var octets = await ReadAsync(lease);
            Assert.Equal(100 + (i * 700), octets.Length);
            Assert.All(octets, octet => Assert.Equal((byte)i, octet));
        }
    }

    [Fact]
    public async Task What_comes_after_a_crash_does_not_touch_what_was_there()
    {
        var before = await AcceptAsync(Store.Draft("before"u8));
        await Store.CrashAsync();
        var after = await AcceptAsync(Store.Draft("and after"u8));

        await Store.CrashAsync();

        using var first = Store.Content.Open(before.Recipients[0].Message.Content);
        using var second = Store.Content.Open(after.Recipients[0].Message.Content);
        Assert.Equal("before"u8.ToArray(), await ReadAsync(first));
        Assert.Equal("and after"u8.ToArray(), await ReadAsync(second));
    }

    [Fact]
    public async Task Content_past_its_retention_is_gone_and_said_so_while_its_timeline_stays()
    {
        var small = await AcceptAsync(Store.Draft("small"u8));
        var large = await AcceptAsync(await LargeDraftAsync());
        await Store.RecordAsync(small.Recipients[0].Id, EventKind.Delivered);
        await Store.RecordAsync(large.Recipients[0].Id, EventKind.Delivered);
        using (Store.Content.Open(small.Recipients[0].Message.Content))
        {
            // Read before: an open file must not keep it.
        }

        Advance(9 * 24 * 3600);
        var today = await AcceptAsync(Store.Draft("today"u8));
        await Store.RetainAsync(TimeSpan.FromDays(7), TimeSpan.FromDays(90));

        Assert.Throws<ContentGoneException>(() => Store.Content.Open(small.Recipients[0].Message.Content));
        Assert.Throws<ContentGoneException>(() => Store.Content.Open(large.Recipients[0].Message.Content));
        Assert.Equal(RecipientStatus.Delivered, (await RowAsync(small.Recipients[0].Id)).Status);
        using var lease = Store.Content.Open(today.Recipients[0].Message.Content);
        Assert.Equal("today"u8.ToArray(), await ReadAsync(lease));
    }

    [Fact]
    public async Task Content_of_a_message_that_still_waits_is_kept_past_its_retention()
    {
        var waits = await AcceptAsync(Store.Draft("waits"u8));
        var waitsLarge = await AcceptAsync(await LargeDraftAsync());
        Advance(9 * 24 * 3600);
        await AcceptAsync(Store.Draft("today"u8));

        await Store.RetainAsync(TimeSpan.FromDays(7), TimeSpan.FromDays(8));

        using (var lease = Store.Content.Open(waits.Recipients[0].Message.Content))
        {
            Assert.Equal("waits"u8.ToArray(), await ReadAsync(lease));
        }

        Assert.Equal(2, (await Spool.LoadAsync([waits.Recipients[0].Id, waitsLarge.Recipients[0].Id], Token)).Count);
        await Store.RecordAsync(waits.Recipients[0].Id, EventKind.Delivered);
        await Store.RecordAsync(waitsLarge.Recipients[0].Id, EventKind.Delivered);
        await Store.RetainAsync(TimeSpan.FromDays(7), TimeSpan.FromDays(90));
        Assert.Throws<ContentGoneException>(() => Store.Content.Open(waits.Recipients[0].Message.Content));
    }

    [Fact]
    public async Task The_timeline_past_its_retention_is_gone_and_later_days_stay()
    {
        var old = await Store.AcceptAsync();
        await Store.RecordAsync(old.Recipients[0].Id, EventKind.Delivered);
        Advance(100 * 24 * 3600);
        var today = await Store.AcceptAsync();
        await Store.IndexedAsync();

        await Store.RetainAsync(TimeSpan.FromDays(7), TimeSpan.FromDays(90));

        Assert.Null(await Timeline.FindAsync(1, old.Recipients[0].Id, Token));
        Assert.Equal([today.Recipients[0].Id], await SearchAsync(new ActivityQuery()));
        Assert.Equal([today.Recipients[0].Id], await SearchAsync(new ActivityQuery { Recipient = "reader@two.example" }));
        await Store.CrashAsync();
        Assert.Equal([today.Recipients[0].Id], await SearchAsync(new ActivityQuery()));
        Assert.Equal(1, Spool.WaitingCount);
    }

    [Fact]
    public async Task A_store_that_cannot_write_content_says_so_at_once_and_recovers_by_itself()
    {
        using (Store.BreakContent())
        {
            await Assert.ThrowsAsync<SpoolUnavailableException>(() => Store.AcceptAsync());
            Assert.False(Spool.IsAvailable);
            await Assert.ThrowsAsync<SpoolUnavailableException>(() => Store.AcceptAsync());
        }

        var accepted = await AcceptAsync(Store.Draft("at last"u8));

        Assert.True(Spool.IsAvailable);
        using var lease = Store.Content.Open(accepted.Recipients[0].Message.Content);
        Assert.Equal("at last"u8.ToArray(), await ReadAsync(lease));
        Assert.Equal(1, Spool.WaitingCount);
        Assert.Single(await WaitingAsync());
    }

    [Fact]
    public async Task A_refusal_of_the_content_leaves_outcomes_without_content_alone()
    {
        var id = (await Store.AcceptAsync()).Recipients[0].Id;
        Advance(24 * 3600);

        using (Store.BreakContent())
        {
            await Assert.ThrowsAsync<SpoolUnavailableException>(() => Store.AcceptAsync());
            await Store.RecordAsync(id, EventKind.Delivered);
        }

        Assert.Equal(RecipientStatus.Delivered, (await RowAsync(id)).Status);
    }

    [Fact]
    public async Task An_outcome_with_a_bounce_waits_until_the_content_can_be_written()
    {
        var id = (await Store.AcceptAsync()).Recipients[0].Id;
        Advance(24 * 3600);
        Task<AcceptedMessage?> recording;
        using (Store.BreakContent())
        {
            recording = Store.RecordAsync(id, EventKind.HardBounced, "550 5.1.1 no", report: Store.Submit(new Letter { From = "" }));
            await Assert.ThrowsAsync<SpoolUnavailableException>(() => Store.AcceptAsync());
            Assert.False(recording.IsCompleted);
            Assert.Equal(RecipientStatus.Processed, (await RowAsync(id)).Status);
        }

        Assert.NotNull(await recording.WaitAsync(TimeSpan.FromSeconds(30), Token));
        Assert.Equal(RecipientStatus.HardBounced, (await RowAsync(id)).Status);
        Assert.Equal(1, Spool.WaitingCount);
    }

    [Fact]
    public void A_draft_that_is_thrown_away_costs_nothing()
    {
        using var draft = Store.Draft("nothing"u8);
        draft.Dispose();
    }

    private Task<AcceptedMessage> AcceptAsync(ContentDraft draft) => Spool.AcceptAsync(Store.Submit(new Letter()) with { Content = draft });

    private async Task<ContentDraft> LargeDraftAsync()
    {
        var draft = Store.Draft(new byte[ContentDraft.FlushAtOctets]);
        await draft.FlushAsync(Token);
        return draft;
    }

    private static async Task<byte[]> ReadAsync(ContentLease lease)
    {
        using var copy = new MemoryStream();
        await lease.OpenStream().CopyToAsync(copy, Token);
        if (lease.TryGetMemory(out var octets))
        {
            Assert.Equal(octets.ToArray(), copy.ToArray());
        }

        return copy.ToArray();
    }
}
