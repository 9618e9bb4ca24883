using Waybill.Engine.Recording;
using Waybill.Engine.Spooling;
using Waybill.Mail.Messages;

namespace Waybill.Tests.Storage;

/// <summary>What every spool makes of outcomes and orders: status, due time, attempts and events change together.</summary>
public abstract class OutcomeContract : StoreContract
{
    [Fact]
    public async Task A_delivery_ends_the_recipient_with_the_confirmation_word_for_word()
    {
        var id = (await Store.AcceptAsync()).Recipients[0].Id;
        Advance(3);

        await Store.RecordAsync(id, EventKind.Delivered, "250 2.0.0 Ok: queued as 4XyZ12abc3z1Q");

        await Store.CrashAsync();
        var found = await FindAsync(id);
        Assert.Equal((RecipientStatus.Delivered, null, 1), (found.Row.Status, found.Row.DueAt, found.Row.Attempts));
        Assert.Equal((Now, "250 2.0.0 Ok: queued as 4XyZ12abc3z1Q"), (found.Row.LastEventAt, found.Row.LastInfo));
        Assert.Equal([EventKind.Processed, EventKind.Delivered], found.Events.Select(one => one.Kind));
        Assert.Empty(await WaitingAsync());
        Assert.Equal(0, Spool.WaitingCount);
    }

    [Fact]
    public async Task A_deferral_moves_the_due_time_and_counts_the_attempt()
    {
        var id = (await Store.AcceptAsync()).Recipients[0].Id;

        await Store.RecordAsync(id, EventKind.Deferred, "451 4.7.1 Greylisted", TimeSpan.FromMinutes(5));

        await Store.CrashAsync();
        var found = await FindAsync(id);
        Assert.Equal((RecipientStatus.Processed, (DateTimeOffset?)Now.AddMinutes(5), 1), (found.Row.Status, found.Row.DueAt, found.Row.Attempts));
        Assert.Equal((EventKind.Deferred, "4.2.0", (DateTimeOffset?)Now.AddMinutes(5)), (found.Events[^1].Kind, found.Events[^1].Status, found.Events[^1].NextAttemptAt));
        Assert.Equal(Now.AddMinutes(5), Assert.Single(await WaitingAsync()).DueAt);
    }

    [Theory]
    [InlineData(EventKind.SoftBounced, RecipientStatus.SoftBounced)]
    [InlineData(EventKind.HardBounced, RecipientStatus.HardBounced)]
    public async Task A_bounce_ends_the_recipient(EventKind kind, RecipientStatus status)
    {
        var id = (await Store.AcceptAsync()).Recipients[0].Id;

        await Store.RecordAsync(id, kind, "550 5.1.1 no such user");

        Assert.Equal((status, null), ((await RowAsync(id)).Status, (await RowAsync(id)).DueAt));
        Assert.Equal(0, Spool.WaitingCount);
    }

    [Fact]
    public async Task Each_recipient_of_an_attempt_gets_its_own_outcome_and_all_see_the_same_dialogue()
    {
        var accepted = await Store.AcceptAsync("a@two.example", "b@two.example", "c@two.example");
        var ids = accepted.Recipients.Select(one => one.Id).ToList();
        var attempt = Letter.Try(Now) with { Dialogue = [new DialogueLine(0, Speaker.Note, "MX two.example"), new DialogueLine(5, Speaker.Server, "220 mx\n220 two")] };

        await Spool.RecordAsync(new AttemptRecord(attempt,
        [
            Store.Outcome(ids[0], EventKind.Delivered),
            Store.Outcome(ids[1], EventKind.Deferred, "452 4.2.2 full"),
            Store.Outcome(ids[2], EventKind.HardBounced, "550 5.1.1 no"),
        ]));

        var found = new[] { await FindAsync(ids[0]), await FindAsync(ids[1]), await FindAsync(ids[2]) };
        Assert.Equal([RecipientStatus.Delivered, RecipientStatus.Processed, RecipientStatus.HardBounced], found.Select(one => one.Row.Status));
        Assert.All(found, one => Assert.Equal(attempt.Dialogue, one.Events[^1].Attempt!.Dialogue));
        Assert.Equal(1, Spool.WaitingCount);
        Assert.Equal([ids[1], ids[2]], found[0].Siblings.Select(one => one.Id));
        Assert.Equal("452 4.2.2 full", found[0].Siblings[0].LastInfo);
    }

    [Fact]
    public async Task An_attempt_may_carry_recipients_of_several_days()
    {
        var first = (await Store.AcceptAsync("a@two.example", "b@two.example")).Recipients;
        Advance(24 * 3600);
        var second = (await Store.AcceptAsync()).Recipients;

        await Spool.RecordAsync(new AttemptRecord(Letter.Try(Now),
        [
            Store.Outcome(first[0].Id, EventKind.Deferred), Store.Outcome(second[0].Id, EventKind.Deferred), Store.Outcome(first[1].Id, EventKind.Deferred),
        ]));

        Assert.NotNull((await FindAsync(first[1].Id)).Events[^1].Attempt);
        Assert.NotNull((await FindAsync(second[0].Id)).Events[^1].Attempt);
    }

    [Fact]
    public async Task A_bounce_and_the_outcome_that_calls_for_it_are_recorded_together()
    {
        var id = (await Store.AcceptAsync()).Recipients[0].Id;
        var report = Store.Submit(new Letter { From = "", To = ["sender@one.example"], Subject = "Undelivered" });

        var accepted = await Store.RecordAsync(id, EventKind.HardBounced, "550 5.1.1 no", report: report);

        await Store.CrashAsync();
        Assert.Equal(RecipientStatus.HardBounced, (await RowAsync(id)).Status);
        Assert.Equal(report.EmailId, accepted!.EmailId);
        Assert.Equal([accepted.Recipients[0].Id], (await WaitingAsync()).Select(one => one.Id));
    }

    [Fact]
    public async Task A_bounce_that_cannot_be_accepted_leaves_the_outcome_unrecorded_too()
    {
        var first = await Store.AcceptAsync();
        var second = await Store.AcceptAsync();
        var report = Store.Submit(new Letter { From = "", EmailId = first.EmailId });

        await Assert.ThrowsAnyAsync<Exception>(() => Store.RecordAsync(second.Recipients[0].Id, EventKind.HardBounced, "550 5.1.1 no", report: report));

        Assert.Equal(RecipientStatus.Processed, (await RowAsync(second.Recipients[0].Id)).Status);
        Assert.Equal(2, Spool.WaitingCount);
        Assert.Equal(2, (await WaitingAsync()).Count);
        Assert.True(Spool.IsAvailable);
    }

    [Fact]
    public async Task A_second_outcome_of_an_ended_recipient_is_kept_as_a_fact_and_counted_once()
    {
        var id = (await Store.AcceptAsync()).Recipients[0].Id;
        await Store.AcceptAsync();
        await Store.RecordAsync(id, EventKind.Delivered, "250 first");

        await Store.RecordAsync(id, EventKind.Delivered, "250 second");
        await Store.RecordAsync(id, EventKind.Deferred, "451 third");

        var found = await FindAsync(id);
        Assert.Equal((RecipientStatus.Delivered, null), (found.Row.Status, found.Row.DueAt));
        Assert.Equal(["250 first", "250 second", "451 third"], found.Events.Skip(1).Select(one => one.Info));
        Assert.Equal(1, Spool.WaitingCount);
        await Store.CrashAsync();
        Assert.Equal(1, Spool.WaitingCount);
    }

    [Fact]
    public async Task An_outcome_of_nobody_we_know_changes_nothing()
    {
        await Store.AcceptAsync();

        await Store.RecordAsync(new RecipientId(5), EventKind.Delivered);
        await Store.RecordAsync(new RecipientId(Store.Ids.Next(1).Value + 1), EventKind.Delivered);

        Assert.Equal(1, Spool.WaitingCount);
        Assert.Single(await SearchAsync(new ActivityQuery()));
    }

    [Fact]
    public async Task A_refused_submission_is_a_rejected_event_with_our_reply_and_no_content()
    {
        var ids = await Store.RefuseAsync(new Letter { To = ["a@two.example", "b@two.example"], From = "" }, "550 5.7.1 Not from here");

        await Store.CrashAsync();
        foreach (var id in ids)
        {
            var found = await FindAsync(id);
            Assert.Equal((RecipientStatus.Rejected, null, null), (found.Row.Status, found.Content, found.Row.DueAt));
            Assert.Equal((EventKind.Rejected, "550 5.7.1 Not from here"), (Assert.Single(found.Events).Kind, found.Row.LastInfo));
        }

        Assert.Equal(0, Spool.WaitingCount);
        Assert.Empty(await WaitingAsync());
    }

    [Fact]
    public async Task A_noted_dot_is_unresolved_after_a_crash_until_an_outcome_is_recorded()
    {
        var ids = (await Store.AcceptAsync("a@two.example", "b@two.example")).Recipients.Select(one => one.Id).ToList();
        await Spool.NoteDotSentAsync(new DotSent(ids, Now, "mx.two.example", "192.0.2.25:25"));

        await Store.CrashAsync();
        var notes = await Spool.UnresolvedDotsAsync(Token);
        Assert.Equal(ids, notes.SelectMany(note => note.Recipients));
        Assert.All(notes, note => Assert.Equal((Now, "mx.two.example", "192.0.2.25:25"), (note.At, note.Host, note.Address)));

        await Store.RecordAsync(ids[0], EventKind.OutcomeUnknown, "we do not know", TimeSpan.Zero);

        await Store.CrashAsync();
        Assert.Equal([ids[1]], (await Spool.UnresolvedDotsAsync(Token)).SelectMany(note => note.Recipients));
        Assert.Equal(2, Spool.WaitingCount);
    }

    [Fact]
    public async Task An_outcome_takes_its_dot_away_even_when_nobody_has_asked_for_the_dots_since_the_crash()
    {
        var id = (await Store.AcceptAsync()).Recipients[0].Id;
        await Spool.NoteDotSentAsync(new DotSent([id], Now, "mx.two.example", "192.0.2.25:25"));
        await Store.CrashAsync();

        await Store.RecordAsync(id, EventKind.Delivered);

        Assert.Empty(await Spool.UnresolvedDotsAsync(Token));
    }

    [Fact]
    public async Task A_dot_and_its_outcome_in_the_same_run_leave_nothing_unresolved()
    {
        var id = (await Store.AcceptAsync()).Recipients[0].Id;

        await Task.WhenAll(
            Spool.NoteDotSentAsync(new DotSent([id], Now, "mx.two.example", "192.0.2.25:25")),
            Store.RecordAsync(id, EventKind.Delivered));

        await Store.CrashAsync();
        Assert.Empty(await Spool.UnresolvedDotsAsync(Token));
    }

    [Fact]
    public async Task A_cancelled_recipient_waits_no_longer_and_says_why()
    {
        var ids = (await Store.AcceptAsync("a@two.example", "b@two.example")).Recipients.Select(one => one.Id).ToList();
        await Store.RecordAsync(ids[1], EventKind.Delivered);

        var cancelled = await Spool.CancelAsync(ids, "Sent by mistake");

        Assert.Equal(1, cancelled);
        await Store.CrashAsync();
        Assert.Equal((RecipientStatus.Cancelled, "Sent by mistake"), ((await RowAsync(ids[0])).Status, (await RowAsync(ids[0])).LastInfo));
        Assert.Equal(RecipientStatus.Delivered, (await RowAsync(ids[1])).Status);
        Assert.Equal(0, Spool.WaitingCount);
        Assert.Empty(await Spool.LoadAsync(ids, Token));
    }

    [Fact]
    public async Task A_delivery_that_was_under_way_when_it_was_cancelled_is_told_as_what_it_became()
    {
        var ids = (await Store.AcceptAsync("a@two.example", "b@two.example")).Recipients.Select(one => one.Id).ToList();
        await Spool.CancelAsync(ids, "Sent by mistake");

        await Store.RecordAsync(ids[0], EventKind.Delivered);
        await Store.RecordAsync(ids[1], EventKind.Deferred);

        Assert.Equal(RecipientStatus.Delivered, (await RowAsync(ids[0])).Status);
        Assert.Equal((RecipientStatus.Cancelled, null), ((await RowAsync(ids[1])).Status, (await RowAsync(ids[1])).DueAt));
        Assert.Equal(0, Spool.WaitingCount);
    }

    [Fact]
    public async Task A_recipient_that_is_asked_for_now_is_due_now()
    {
        var ids = (await Store.AcceptAsync("a@two.example", "b@two.example")).Recipients.Select(one => one.Id).ToList();
        await Store.RecordAsync(ids[0], EventKind.Deferred, nextIn: TimeSpan.FromHours(4));
        await Store.RecordAsync(ids[1], EventKind.Delivered);
        Advance(60);

        var moved = await Spool.RetryNowAsync([.. ids, new RecipientId(7)]);

        Assert.Equal(1, moved);
        await Store.CrashAsync();
        Assert.Equal((ids[0], Now), (Assert.Single(await WaitingAsync()).Id, (await WaitingAsync())[0].DueAt));
        Assert.Equal([EventKind.Processed, EventKind.Deferred, EventKind.RetryRequested], (await FindAsync(ids[0])).Events.Select(one => one.Kind));
    }

    [Fact]
    public async Task What_was_committed_is_told_to_listeners_with_its_account()
    {
        var heard = new List<LiveChange>();
        using var _ = Store.Live.Listen(changes =>
        {
            lock (heard)
            {
                heard.AddRange(changes);
            }
        });

        var id = (await Store.AcceptAsync(new Letter { Account = 7 })).Recipients[0].Id;
        await Store.RecordAsync(id, EventKind.Delivered);
        await Store.RecordAsync(id, EventKind.Delivered, "250 again");
        await Store.AcceptAsync(); // The group before was published when this one is done.

        lock (heard)
        {
            Assert.Equal(
                [new(7, id, EventKind.Processed), new(7, id, EventKind.Delivered), new(7, id, EventKind.Delivered)],
                heard.Where(change => change.Recipient == id));
        }
    }

    [Fact]
    public async Task A_listener_that_fails_harms_no_caller()
    {
        using var _ = Store.Live.Listen(_ => throw new InvalidOperationException("a page that went away"));

        await Store.AcceptAsync();
        await Store.AcceptAsync();

        Assert.Equal(2, Spool.WaitingCount);
    }
}
