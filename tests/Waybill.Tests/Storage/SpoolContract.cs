using Waybill.Engine.Recording;
using Waybill.Engine.Spooling;
using Waybill.Mail.Addressing;
using Waybill.Mail.Messages;

namespace Waybill.Tests.Storage;

/// <summary>What every spool keeps: accepted mail, whoever waits, and the order in which they are due.</summary>
public abstract class SpoolContract : StoreContract
{
    [Fact]
    public async Task An_accepted_message_is_there_after_a_crash_with_everything_an_attempt_needs()
    {
        var submission = Store.Submit(new Letter { To = ["reader@two.example"], Text = "Subject: Hello\r\n\r\nWords\r\n" }) with
        {
            Envelope = new Envelope(ReversePath.Of(Mailbox.Parse("sender@one.example")), BodyKind.EightBitMime, true, DsnReturn.Headers, "QQ314159"),
            Recipients = [new EnvelopeRecipient(ForwardPath.Parse("reader@two.example"), DsnNotify.Failure | DsnNotify.Delay, "rfc822;alias@two.example")],
        };
        var accepted = await Spool.AcceptAsync(submission);

        await Store.CrashAsync();

        var loaded = Assert.Single(await Spool.LoadAsync([accepted.Recipients[0].Id], Token));
        Assert.Equal(accepted.Recipients[0], loaded);
        Assert.Equal((submission.EmailId, 1, submission.AcceptedAt, submission.Envelope), (loaded.Message.EmailId, loaded.Message.AccountId, loaded.Message.AcceptedAt, loaded.Message.Envelope));
        Assert.Equal(submission.Recipients[0], loaded.Recipient);
        using var lease = Store.Content.Open(loaded.Message.Content);
        Assert.True(lease.TryGetMemory(out var octets));
        Assert.Equal("Subject: Hello\r\n\r\nWords\r\n"u8, octets.Span);
    }

    [Fact]
    public async Task Mail_with_the_null_reverse_path_and_an_address_literal_comes_back_as_it_was() // RFC 5321 §4.5.5, §4.1.3
    {
        var accepted = await Store.AcceptAsync(new Letter { From = "", To = ["postmaster@[192.0.2.1]"] });

        await Store.CrashAsync();

        var loaded = Assert.Single(await Spool.LoadAsync([accepted.Recipients[0].Id], Token));
        Assert.True(loaded.Message.Envelope.ReversePath.IsNull);
        Assert.Null(loaded.Domain);
        Assert.Equal("[192.0.2.1]", Assert.Single(await WaitingAsync()).Host);
    }

    [Fact]
    public async Task Everybody_accepted_waits_and_is_due_since_acceptance()
    {
        var accepted = await Store.AcceptAsync("a@two.example", "b@three.example");

        var waiting = await WaitingAsync();

        Assert.Equal(accepted.Recipients.Select(one => one.Id), waiting.Select(one => one.Id));
        Assert.All(waiting, one => Assert.Equal((accepted.EmailId, Now), (one.EmailId, one.DueAt)));
        Assert.Equal(["two.example", "three.example"], waiting.Select(one => one.Host));
    }

    [Fact]
    public async Task Waiting_recipients_come_in_order_of_due_time()
    {
        var first = await Store.AcceptAsync("a@two.example");
        var second = await Store.AcceptAsync("b@two.example");
        var third = await Store.AcceptAsync("c@two.example");
        await Store.RecordAsync(first.Recipients[0].Id, EventKind.Deferred, nextIn: TimeSpan.FromMinutes(9));
        await Store.RecordAsync(second.Recipients[0].Id, EventKind.Deferred, nextIn: TimeSpan.FromMinutes(5));

        var waiting = await WaitingAsync();

        Assert.Equal([third.EmailId, second.EmailId, first.EmailId], waiting.Select(one => one.EmailId));
        Assert.Equal(Now.AddMinutes(5), waiting[1].DueAt);
    }

    [Fact]
    public async Task Nobody_due_after_the_asked_instant_is_returned()
    {
        var now = await Store.AcceptAsync("a@two.example");
        var later = await Store.AcceptAsync("b@two.example");
        await Store.RecordAsync(later.Recipients[0].Id, EventKind.Deferred, nextIn: TimeSpan.FromMinutes(5));

        Assert.Equal([now.EmailId], (await WaitingAsync(until: Now.AddMinutes(4))).Select(one => one.EmailId));
        Assert.Equal(2, (await WaitingAsync(until: Now.AddMinutes(5))).Count);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    public async Task Pages_neither_skip_nor_repeat_recipients_that_are_due_at_one_instant(int page)
    {
        var ids = new List<RecipientId>();
        for (var i = 0; i < 5; i++)
        {
            ids.AddRange((await Store.AcceptAsync("a@two.example", "b@two.example", "c@three.example")).Recipients.Select(one => one.Id));
        }

        Assert.Equal(ids, (await WaitingAsync(page)).Select(one => one.Id));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Pages_run_on_over_days_that_are_due_together(int page)
    {
        var ids = new List<RecipientId>();
        for (var day = 0; day < 3; day++)
        {
            ids.AddRange((await Store.AcceptAsync("a@two.example", "b@two.example")).Recipients.Select(one => one.Id));
            Advance(24 * 3600);
        }

        await Spool.RetryNowAsync(ids);

        Assert.Equal(ids, (await WaitingAsync(page)).Select(one => one.Id));
        Assert.Equal(6, Spool.WaitingCount);
    }

    [Fact]
    public async Task Recipients_that_have_ended_are_not_loaded()
    {
        var accepted = await Store.AcceptAsync("a@two.example", "b@two.example", "c@two.example");
        await Store.RecordAsync(accepted.Recipients[0].Id, EventKind.Delivered);
        await Store.RecordAsync(accepted.Recipients[1].Id, EventKind.HardBounced, "550 5.1.1 no such user");

        var loaded = await Spool.LoadAsync([.. accepted.Recipients.Select(one => one.Id), new RecipientId(1)], Token);

        Assert.Equal([accepted.Recipients[2].Id], loaded.Select(one => one.Id));
    }

    [Fact]
    public async Task A_loaded_recipient_knows_how_often_it_was_tried()
    {
        var id = (await Store.AcceptAsync()).Recipients[0].Id;
        await Store.RecordAsync(id, EventKind.Deferred);
        await Spool.RecordAsync(new AttemptRecord(Letter.Try(Now), [Store.Outcome(id, EventKind.Deferred) with { CountsAsAttempt = false }]));
        await Store.RecordAsync(id, EventKind.Deferred);

        Assert.Equal(2, Assert.Single(await Spool.LoadAsync([id], Token)).Attempts);
    }

    [Fact]
    public async Task The_count_of_waiting_recipients_is_right_at_once_and_after_a_crash()
    {
        var accepted = await Store.AcceptAsync("a@two.example", "b@two.example", "c@two.example");
        Advance(24 * 3600);
        await Store.AcceptAsync("d@two.example");
        await Store.RecordAsync(accepted.Recipients[0].Id, EventKind.Delivered);
        await Store.RecordAsync(accepted.Recipients[1].Id, EventKind.Deferred);
        Assert.Equal(3, Spool.WaitingCount);

        await Store.CrashAsync();

        Assert.Equal(3, Spool.WaitingCount);
    }

    [Fact]
    public async Task Ids_go_on_above_those_given_before_even_when_the_clock_was_set_back()
    {
        var before = await Store.AcceptAsync("a@two.example", "b@two.example");
        Store.Clock.AdjustTime(Now.AddHours(-3));

        await Store.CrashAsync();
        var after = await Store.AcceptAsync("c@two.example");

        Assert.True(after.EmailId.Value > before.Recipients[1].Id.Value);
        Assert.Equal(3, (await WaitingAsync()).Count);
    }

    [Fact]
    public async Task A_message_begun_before_midnight_and_accepted_after_it_is_kept_with_its_own_day()
    {
        Store.Clock.AdjustTime(new DateTimeOffset(2026, 11, 20, 23, 59, 59, TimeSpan.Zero));
        var early = Store.Ids.Next(1);
        Advance(2);
        var late = await Store.AcceptAsync();

        var accepted = await Store.AcceptAsync(new Letter { EmailId = early });

        Assert.Equal([late.EmailId, early], (await WaitingAsync()).OrderByDescending(one => one.Id.Value).Select(one => one.EmailId));
        Assert.Single(await Spool.LoadAsync([accepted.Recipients[0].Id], Token));
        Assert.Equal([late.Recipients[0].Id, accepted.Recipients[0].Id], await SearchAsync(new ActivityQuery()));
    }

    [Fact]
    public async Task Many_callers_at_once_each_get_their_own_message()
    {
        var letters = Enumerable.Range(0, 300).Select(i => new Letter { To = [$"reader{i}@two.example"], Text = $"Subject: {i}\r\n\r\n{i}\r\n" }).ToList();

        var accepted = await Task.WhenAll(letters.Select(letter => Task.Run(() => Store.AcceptAsync(letter))));

        Assert.Equal(300, Spool.WaitingCount);
        await Store.CrashAsync();
        for (var i = 0; i < letters.Count; i++)
        {
            var loaded = Assert.Single(await Spool.LoadAsync([accepted[i].Recipients[0].Id], Token));
            Assert.Equal($"reader{i}@two.example", loaded.Recipient.ForwardPath.ToString());
            using var lease = Store.Content.Open(loaded.Message.Content);
            Assert.True(lease.TryGetMemory(out var octets));
            Assert.Equal(letters[i].Text, System.Text.Encoding.UTF8.GetString(octets.Span));
        }
    }

    [Fact]
    public async Task A_request_that_cannot_be_done_fails_alone()
    {
        var taken = await Store.AcceptAsync();
        var requests = Enumerable.Range(0, 40).Select(i => Store.Submit(i == 20 ? new Letter { EmailId = taken.EmailId } : new Letter())).ToList();

        var tasks = requests.Select(Spool.AcceptAsync).ToList();

        await Assert.ThrowsAsync<SpoolUnavailableException>(() => tasks[20]);
        var others = await Task.WhenAll(tasks.Where(task => task != tasks[20]));
        Assert.Equal(40, Spool.WaitingCount);
        Assert.Equal(40, (await WaitingAsync()).Count);
        Assert.All(others, one => Assert.NotEqual(taken.EmailId, one.EmailId));
        Assert.True(Spool.IsAvailable);
    }

    [Fact]
    public async Task A_lone_request_that_cannot_be_done_does_not_make_the_store_unavailable()
    {
        var taken = await Store.AcceptAsync();

        await Assert.ThrowsAsync<SpoolUnavailableException>(() => Store.AcceptAsync(new Letter { EmailId = taken.EmailId }));

        Assert.True(Spool.IsAvailable);
        await Store.AcceptAsync();
        Assert.Equal(2, Spool.WaitingCount);
    }
}
