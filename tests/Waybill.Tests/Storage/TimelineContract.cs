using System.Collections.Frozen;
using CsCheck;
using Waybill.Engine.Recording;
using Waybill.Mail.Messages;

namespace Waybill.Tests.Storage;

/// <summary>What every timeline answers: lists by any filter, page by page, each account for itself.</summary>
public abstract class TimelineContract : StoreContract
{
    private static readonly FrozenDictionary<string, string[]> SubjectWords = new Dictionary<string, string[]>
    {
        ["Your order 4711 has shipped"] = ["your", "order", "4711", "has", "shipped"],
        ["Ihre Bestellung für Ärzte"] = ["ihre", "bestellung", "für", "ärzte"],
        ["ご注文 の確認"] = ["ご注文", "の確認"],
        [""] = [],
    }.ToFrozenDictionary();

    [Fact]
    public async Task The_list_is_newest_first()
    {
        var first = await Store.AcceptAsync("a@two.example", "b@two.example");
        Advance(1);
        var second = await Store.AcceptAsync();

        Assert.Equal([second.Recipients[0].Id, first.Recipients[1].Id, first.Recipients[0].Id], await SearchAsync(new ActivityQuery()));
    }

    [Fact]
    public async Task A_row_says_who_wrote_to_whom_about_what_and_where_it_stands()
    {
        var letter = new Letter { From = "sender@one.example", To = ["reader@two.example"], Subject = "Grüße", MessageId = "<1@one.example>" };
        var id = (await Store.AcceptAsync(letter)).Recipients[0].Id;
        await Store.RecordAsync(id, EventKind.Deferred, "451 4.7.1 Greylisted", TimeSpan.FromMinutes(5));

        var row = Assert.Single((await Timeline.SearchAsync(new ActivityQuery(), Token)).Rows);

        Assert.Equal(("sender@one.example", "reader@two.example", "Grüße", "<1@one.example>"), (row.Sender, row.Recipient, row.Subject, row.MessageId));
        Assert.Equal((RecipientStatus.Processed, 1, (DateTimeOffset?)Now.AddMinutes(5), "451 4.7.1 Greylisted"), (row.Status, row.Attempts, row.DueAt, row.LastInfo));
        Assert.Equal((Now, Now, new EmailId(id.Value)), (row.AcceptedAt, row.LastEventAt, row.EmailId));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Every_filter_and_every_combination_of_them_finds_what_holds_them_all(bool indexed)
    {
        var known = await FillAsync();
        if (indexed)
        {
            await Store.IndexedAsync();
        }

        // Few samples set many filters at once: with a quarter of them set, most questions still have answers.
        await Queries(known).SampleAsync(async query =>
        {
            var expected = known.Where(one => Holds(query, one)).OrderByDescending(one => one.Id.Value).Select(one => one.Id);
            Assert.Equal(expected, await SearchAsync(query));
        }, iter: 400, threads: 1);
    }

    [Fact]
    public async Task Deferred_only_narrows_the_waiting_ones_and_leaves_the_others_alone()
    {
        var ids = (await Store.AcceptAsync("a@two.example", "b@two.example", "c@two.example")).Recipients.Select(one => one.Id).ToList();
        await Store.RecordAsync(ids[0], EventKind.Deferred, "451 later");
        await Store.RecordAsync(ids[2], EventKind.Delivered);

        Assert.Equal([ids[0]], await SearchAsync(new ActivityQuery { Statuses = [RecipientStatus.Processed], DeferredOnly = true }));
        Assert.Equal([ids[2], ids[0]], await SearchAsync(new ActivityQuery { Statuses = [RecipientStatus.Processed, RecipientStatus.Delivered], DeferredOnly = true }));
        Assert.Equal([ids[2], ids[0]], await SearchAsync(new ActivityQuery { DeferredOnly = true }));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("@two.example")]
    public async Task Pages_have_no_gaps_and_no_repeats_while_new_mail_comes_in(string? recipient)
    {
        var ids = new List<RecipientId>();
        for (var i = 0; i < 13; i++)
        {
            ids.Insert(0, (await Store.AcceptAsync($"reader{i}@two.example")).Recipients[0].Id);
            Advance(i == 6 ? 24 * 3600 : 1);
        }

        await Store.IndexedAsync();
        var found = new List<RecipientId>();
        var query = new ActivityQuery { Recipient = recipient, Limit = 3 };
        do
        {
            var page = await Timeline.SearchAsync(query, Token);
            found.AddRange(page.Rows.Select(row => row.Id));
            query = query with { Before = page.Next };
            await Store.AcceptAsync("reader@two.example");
        }
        while (query.Before is not null);

        Assert.Equal(ids, found);
    }

    [Fact]
    public async Task A_filter_by_words_goes_on_where_the_page_before_ended()
    {
        for (var i = 0; i < 25; i++)
        {
            var id = (await Store.AcceptAsync(new Letter { Subject = i % 2 == 0 ? "invoice" : "receipt" })).Recipients[0].Id;
            await Store.RecordAsync(id, EventKind.Delivered, $"250 queued as Q{i % 3}");
        }

        await Store.IndexedAsync();
        var whole = await SearchAsync(new ActivityQuery { Subject = "invoice", Reply = "Q1", Limit = 500 });
        var first = await Timeline.SearchAsync(new ActivityQuery { Subject = "invoice", Reply = "Q1", Limit = 2 }, Token);
        var rest = await SearchAsync(new ActivityQuery { Subject = "invoice", Reply = "Q1", Before = first.Next });

        Assert.Equal(4, whole.Count);
        Assert.Equal(whole, [.. first.Rows.Select(row => row.Id), .. rest]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Another_accounts_mail_is_never_seen(bool indexed)
    {
        var letter = new Letter { Account = 2, To = ["secret@two.example"], Subject = "Secret plans", MessageId = "<secret@one.example>" };
        var theirs = await Store.AcceptAsync(letter);
        var id = theirs.Recipients[0].Id;
        await Store.RecordAsync(id, EventKind.Delivered, "250 ok id=1wbi1J-00000000BmK-3yPw");
        await Store.RefuseAsync(letter, "550 5.7.1 secret refusal");
        if (indexed)
        {
            await Store.IndexedAsync();
        }

        ActivityQuery[] questions =
        [
            new(), new() { Recipient = "secret@two.example" }, new() { Sender = "sender@one.example" }, new() { Subject = "secret" },
            new() { MessageId = "<secret@one.example>" }, new() { EmailId = theirs.EmailId }, new() { Reply = "1wbi1J-00000000BmK-3yPw" },
            new() { Statuses = [RecipientStatus.Delivered] }, new() { Statuses = [RecipientStatus.Rejected] },
        ];
        foreach (var question in questions)
        {
            Assert.Empty(await SearchAsync(question));
            Assert.NotEmpty(await SearchAsync(question with { AccountId = 2 }));
        }

        Assert.Null(await Timeline.FindAsync(1, id, Token));
        foreach (var term in new[] { theirs.EmailId.ToString(), "<secret@one.example>", "secret@two.example", "1wbi1J-00000000BmK-3yPw" })
        {
            Assert.Empty(await Timeline.TraceAsync(1, term, 10, Token));
            Assert.NotEmpty(await Timeline.TraceAsync(2, term, 10, Token));
        }
    }

    [Fact]
    public async Task Time_is_the_time_of_acceptance_even_for_a_message_that_took_minutes_to_come_in()
    {
        var begun = Store.Ids.Next(1);
        Advance(120);
        var accepted = await Store.AcceptAsync(new Letter { EmailId = begun });

        Assert.Single(await SearchAsync(new ActivityQuery { From = Now.AddSeconds(-5) }));
        Assert.Empty(await SearchAsync(new ActivityQuery { To = Now.AddSeconds(-5) }));
        Assert.Empty(await SearchAsync(new ActivityQuery { EmailId = accepted.EmailId, From = Now.AddSeconds(1) }));
        await Store.IndexedAsync();
        Assert.Single(await SearchAsync(new ActivityQuery { Recipient = "reader@two.example", From = Now.AddSeconds(-5) }));
        Assert.Empty(await SearchAsync(new ActivityQuery { Recipient = "reader@two.example", To = Now.AddSeconds(-5) }));
    }

    [Fact]
    public async Task Fresh_mail_is_found_with_what_the_index_knows_in_one_order()
    {
        var ids = new List<RecipientId>();
        for (var i = 0; i < 6; i++)
        {
            ids.Insert(0, (await Store.AcceptAsync()).Recipients[0].Id);
            if (i == 2)
            {
                await Store.IndexedAsync();
                await Store.RecordAsync(ids[^1], EventKind.Delivered, "250 queued as NEWS42");
            }
        }

        Assert.Equal(ids, await SearchAsync(new ActivityQuery { Recipient = "reader@two.example" }));
        Assert.Equal([ids[^1]], await SearchAsync(new ActivityQuery { Reply = "NEWS42" }));
        await Store.IndexedAsync();
        Assert.Equal(ids, await SearchAsync(new ActivityQuery { Recipient = "reader@two.example" }));
        Assert.Equal([ids[^1]], await SearchAsync(new ActivityQuery { Reply = "NEWS42", Recipient = "reader@two.example" }));
    }

    [Fact]
    public async Task Searches_survive_the_loss_of_their_index()
    {
        var known = await FillAsync();
        await Store.IndexedAsync();

        await Store.LoseIndexAsync();
        await Store.IndexedAsync();

        Assert.Equal(known.Count(one => one.Letter.Account == 1 && one.Letter.To[0] == "o'brien@two.example"), (await SearchAsync(new ActivityQuery { Recipient = "o'brien@two.example" })).Count);
        Assert.Equal(known.Count(one => one.Letter.Account == 1 && one.Replies.Any(reply => reply.Contains("4XyZ12abc3z1Q"))), (await SearchAsync(new ActivityQuery { Reply = "4XyZ12abc3z1Q" })).Count);
    }

    private sealed record Known(RecipientId Id, Letter Letter, RecipientStatus Status, int Attempts, DateTimeOffset AcceptedAt, List<string> Replies);

    /// <summary>Two dozen messages over two days and two accounts, in every state.</summary>
    private async Task<List<Known>> FillAsync()
    {
        string[] recipients = ["o'brien@two.example", "Reader@Two.example", "100%@three.example", "\"john doe\"@three.example"];
        string[] senders = ["shop@one.example", "", "news+bounce=reader=two.example@mail.one.example"];
        var known = new List<Known>();
        for (var i = 0; i < 24; i++)
        {
            Advance(i == 12 ? 18 * 3600 : 20);
            var letter = new Letter
            {
                Account = i % 5 == 4 ? 2 : 1,
                To = [recipients[i % 4]],
                From = senders[i % 3],
                HeaderFrom = i % 2 == 0 ? "The Shop <shop@one.example>" : "\"News, Daily\" <news@one.example>",
                Subject = SubjectWords.Keys.Order(StringComparer.Ordinal).ElementAt(i / 3 % 4),
                MessageId = $"<Message.{i % 7}@one.example>",
            };
            var id = i % 6 == 5 ? (await Store.RefuseAsync(letter, "550 5.7.1 Not from here"))[0] : (await Store.AcceptAsync(letter)).Recipients[0].Id;
            var acceptedAt = Now;
            var replies = i % 6 == 5 ? ["550 5.7.1 Not from here"] : await ReplyAsync(id, i % 6);
            known.Add(new Known(id, letter, (await FindAsync(id, letter.Account)).Row.Status, replies.Count(reply => !reply.StartsWith("550 5.7", StringComparison.Ordinal)), acceptedAt, replies));
        }

        return known;
    }

    private async Task<List<string>> ReplyAsync(RecipientId id, int fate)
    {
        var replies = new List<string>();
        if (fate is 1 or 2)
        {
            replies.Add("451 4.7.1 Greylisted, come back");
            await Store.RecordAsync(id, EventKind.Deferred, replies[^1]);
        }

        if (fate is 2 or 3)
        {
            replies.Add("250 2.0.0 Ok: queued as 4XyZ12abc3z1Q");
            await Store.RecordAsync(id, EventKind.Delivered, replies[^1]);
        }

        if (fate is 4)
        {
            replies.Add("550 5.1.1 <o'brien@two.example>: no such user");
            await Store.RecordAsync(id, EventKind.HardBounced, replies[^1]);
        }

        return replies;
    }

    private static Gen<ActivityQuery> Queries(List<Known> known)
    {
        var start = known[0].AcceptedAt;
        var instants = Gen.Int[0, 20 * 3600].Select(seconds => (DateTimeOffset?)start.AddSeconds(seconds));
        return Gen.Select(
            Sometimes(OneOf("O'Brien@two.example", "reader@two.EXAMPLE", "@three.example", "100%@three.example", "<\"john doe\"@three.example>", "brien@two.example", "@example")),
            Sometimes(OneOf("shop@one.example", "@one.example", "news@one.example", "news+bounce=reader=two.example@mail.one.example", "@mail.one.example")),
            Sometimes(OneOf("order", "4711 ship", "shipped your ord", "ÄRZTE", "bestell", "ご注", "rder", "!?")),
            Sometimes(OneOf("<message.3@one.example>", "Message.0@one.example", "message")),
            Sometimes(OneOf("4XyZ12abc3z1Q", "greylisted", "250 2.0.0", "no such user", "5.1.1", "queued as 4xyz12abc3z1q", "greylist")),
            Gen.Frequency((3, Gen.Const(Array.Empty<RecipientStatus>())), (1, OneOf(Enum.GetValues<RecipientStatus>()).Array[1, 3])),
            Gen.Frequency((3, Gen.Const(((DateTimeOffset?)null, (DateTimeOffset?)null))), (1, Gen.Select(instants, instants))),
            Gen.Frequency((4, Gen.Const(false)), (1, Gen.Const(true))))
            .Select(
                Gen.Frequency((6, Gen.Const((EmailId?)null)), (1, Gen.Int[0, known.Count - 1].Select(i => (EmailId?)new EmailId(known[i].Id.Value)))),
                (filters, emailId) => new ActivityQuery
                {
                    Recipient = filters.Item1,
                    Sender = filters.Item2,
                    Subject = filters.Item3,
                    MessageId = filters.Item4,
                    Reply = filters.Item5,
                    Statuses = filters.Item6,
                    From = filters.Item7.Item1,
                    To = filters.Item7.Item2,
                    DeferredOnly = filters.Item8,
                    EmailId = emailId,
                    Limit = 500,
                });
    }

    private static Gen<T> OneOf<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    private static Gen<string?> Sometimes(Gen<string> gen) => Gen.Frequency((3, Gen.Const((string?)null)), (1, gen.Select(text => (string?)text)));

    // The words of the documentation of ActivityQuery, without an index.
    private static bool Holds(ActivityQuery query, Known one)
    {
        var letter = one.Letter;
        return letter.Account == query.AccountId
            && (query.EmailId is null || query.EmailId.Value.Value == one.Id.Value)
            && (query.From is null || one.AcceptedAt >= query.From) && (query.To is null || one.AcceptedAt < query.To)
            && (query.Statuses.Count == 0 || query.Statuses.Contains(one.Status))
            && (!query.DeferredOnly || one.Status != RecipientStatus.Processed || one.Attempts > 0)
            && IsAddress(query.Recipient, letter.To[0])
            && (IsAddress(query.Sender, letter.From) || IsAddress(query.Sender, letter.HeaderFrom.Split('<', '>')[1]))
            && (query.MessageId is null || Same(query.MessageId.Trim('<', '>'), letter.MessageId.Trim('<', '>')))
            && HasWords(query.Subject, SubjectWords[letter.Subject])
            && (query.Reply is null || query.Reply.Split(' ').All(word => one.Replies.Any(reply => reply.Split(' ', ',', ':').Contains(word, StringComparer.OrdinalIgnoreCase))));
    }

    private static bool IsAddress(string? wanted, string address) => wanted is null
        || Same(wanted.Trim('<', '>'), address)
        || (wanted[0] == '@' && address.Contains('@') && Same(wanted, address[address.LastIndexOf('@')..]));

    private static bool HasWords(string? wanted, string[] words)
    {
        var asked = (wanted ?? "").ToLowerInvariant().Trim('!', '?').Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return asked.Length == 0 || (asked[..^1].All(words.Contains) && words.Any(word => word.StartsWith(asked[^1], StringComparison.Ordinal)));
    }

    private static bool Same(string one, string other) => string.Equals(one, other, StringComparison.OrdinalIgnoreCase);
}
