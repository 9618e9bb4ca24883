using Waybill.Engine.Recording;
using Waybill.Mail.Messages;

namespace Waybill.Tests.Storage;

/// <summary>What every timeline finds by whatever a person has in hand, and how a whole story reads.</summary>
public abstract class TraceContract : StoreContract
{
    public static TheoryData<string, string> Confirmations => new()
    {
        { "250 OK id=1wbi1J-00000000BmK-3yPw", "1wbi1J-00000000BmK-3yPw" }, // Exim
        { "250 2.0.0 OK  1763640000 af79cd13be357-8b2e5a1c2d3si1234567885a.123 - gsmtp", "af79cd13be357-8b2e5a1c2d3si1234567885a.123" },
        { "250 2.6.0 <hello@one.example> [InternalId=56865367753543, Hostname=AM0PR08MB1234.eurprd08.prod.outlook.com] 9876 bytes in 0.123, 77.9 KB/sec Queued mail for delivery", "56865367753543" },
        { "250 2.6.0 <hello@one.example> [InternalId=56865367753543, Hostname=AM0PR08MB1234.eurprd08.prod.outlook.com] 9876 bytes in 0.123, 77.9 KB/sec Queued mail for delivery", "AM0PR08MB1234.eurprd08.prod.outlook.com" },
        { "250 2.0.0 Ok: queued as 4dCyXl2qBCz5vP1", "4dCyXl2qBCz5vP1" }, // Postfix, long ids
        { "250 2.0.0 Ok: queued as 9D3F51A2B4", "9d3f51a2b4" }, // Postfix, short ids; case does not matter
        { "250 2.0.0 3q4dvt3m1d-1 Message accepted for delivery", "3q4dvt3m1d-1" }, // Proofpoint, whole
        { "250 2.0.0 3q4dvt3m1d-1 Message accepted for delivery", "3q4dvt3m1d" }, // and by QID
        { "250 ok dirdel", "dirdel" },
        { "250-2.0.0 first line\n250 2.0.0 MTA-42_x.y accepted", "MTA-42_x.y" },
        { "250 Message accepted (id='A_B:C/D')", "A_B:C/D" },
        { "250 2.0.0 Ok: queued as 4dCyXl2qBCz5vP1", "250 2.0.0 Ok: queued as 4dCyXl2qBCz5vP1" },
    };

    [Theory]
    [MemberData(nameof(Confirmations))]
    public async Task An_id_out_of_a_confirmation_finds_the_delivery(string reply, string term)
    {
        var id = (await Store.AcceptAsync()).Recipients[0].Id;
        var other = (await Store.AcceptAsync()).Recipients[0].Id;
        await Store.RecordAsync(id, EventKind.Delivered, reply);
        await Store.RecordAsync(other, EventKind.Delivered, "250 something else");

        Assert.Equal([id], await TraceAsync(term));
        await Store.IndexedAsync();
        Assert.Equal([id], await TraceAsync(term));
    }

    [Fact]
    public async Task A_message_is_found_by_its_email_id_with_all_its_recipients()
    {
        var accepted = await Store.AcceptAsync("a@two.example", "b@two.example");
        await Store.AcceptAsync();

        Assert.Equal([accepted.Recipients[1].Id, accepted.Recipients[0].Id], await TraceAsync(accepted.EmailId.ToString()));
        Assert.Equal(2, (await TraceAsync(" " + accepted.EmailId.ToString().ToUpperInvariant() + " ")).Count);
    }

    [Theory]
    [InlineData("<CAF+x=Y_z.1@mail.one.example>")]
    [InlineData("CAF+x=Y_z.1@mail.one.example")]
    [InlineData("caf+X=y_Z.1@MAIL.one.example")]
    public async Task A_message_is_found_by_its_Message_ID_with_or_without_brackets(string term)
    {
        var id = (await Store.AcceptAsync(new Letter { MessageId = "<CAF+x=Y_z.1@mail.one.example>" })).Recipients[0].Id;
        await Store.AcceptAsync(new Letter { MessageId = "<CAF+x=Y_z.12@mail.one.example>" });

        Assert.Equal([id], await TraceAsync(term));
        await Store.IndexedAsync();
        Assert.Equal([id], await TraceAsync(term));
    }

    [Theory]
    [InlineData("o'brien@two.example", "O'Brien@two.example")]
    [InlineData("100%off@two.example", "100%off@two.example")]
    [InlineData("\"john doe\"@two.example", "\"john doe\"@two.example")]
    [InlineData("\"a\\\"b\"@two.example", "<\"a\\\"b\"@two.example>")]
    [InlineData("user*@two.example", "user*@two.example")]
    [InlineData("jürgen@bücher.example", "JÜRGEN@bücher.example")]
    [InlineData("jürgen@bücher.example", "jürgen@xn--bcher-kva.example")]
    [InlineData("reader@[192.0.2.1]", "reader@[192.0.2.1]")]
    public async Task A_recipient_is_found_by_its_address_whatever_stands_in_it(string address, string term)
    {
        var id = (await Store.AcceptAsync(address)).Recipients[0].Id;
        await Store.AcceptAsync("doe@two.example");

        Assert.Equal([id], await TraceAsync(term));
        await Store.IndexedAsync();
        Assert.Equal([id], await TraceAsync(term));
    }

    [Fact]
    public async Task Long_ids_that_differ_only_at_their_end_are_told_apart()
    {
        var start = new string('x', 200);
        var ids = new List<RecipientId>();
        foreach (var end in new[] { "1", "2" })
        {
            ids.Add((await Store.AcceptAsync(new Letter { MessageId = $"<{start}{end}@one.example>" })).Recipients[0].Id);
        }

        await Store.IndexedAsync();

        Assert.Equal([ids[0]], await TraceAsync($"<{start}1@one.example>"));
        Assert.Equal([ids[1]], await TraceAsync($"<{start}2@one.example>"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("   ")]
    [InlineData("\"")]
    [InlineData("*")]
    [InlineData("AND")]
    [InlineData("NEAR(a b)")]
    [InlineData("a\"b OR c:d")]
    [InlineData("\u0001\u0002")]
    [InlineData("a\u0000b")]
    [InlineData("%")]
    [InlineData("'; DROP TABLE message; --")]
    [InlineData("@")]
    [InlineData("<>")]
    [InlineData("\"@\"@\"")]
    public async Task Whatever_is_asked_is_a_question_and_never_a_fault(string term)
    {
        await Store.AcceptAsync();
        await Store.IndexedAsync();

        Assert.Empty(await TraceAsync(term));
        foreach (var query in new ActivityQuery[] { new() { Recipient = term }, new() { Sender = term }, new() { Subject = term }, new() { MessageId = term }, new() { Reply = term } })
        {
            await SearchAsync(query);
        }
    }

    [Fact]
    public async Task What_a_term_names_comes_newest_first_and_no_more_than_asked_for()
    {
        var ids = new List<RecipientId>();
        for (var i = 0; i < 5; i++)
        {
            ids.Insert(0, (await Store.AcceptAsync()).Recipients[0].Id);
        }

        Assert.Equal(ids[..3], (await Timeline.TraceAsync(1, "reader@two.example", 3, Token)).Select(one => one.Row.Id));
    }

    [Fact]
    public async Task The_first_event_tells_the_first_mile()
    {
        var id = (await Store.AcceptAsync()).Recipients[0].Id;

        var found = await FindAsync(id);

        Assert.Equal(
            (EventKind.Processed, Now, $"Accepted from client.one.example [192.0.2.7] with ESMTPSA as shop: 250 2.0.0 OK id={found.Row.EmailId}"),
            (Assert.Single(found.Events).Kind, found.Events[0].At, found.Events[0].Info));
        Assert.Equal(new Letter().Facts, found.Facts);
        Assert.Equal(new Letter().Headers, found.Headers);
        Assert.Equal(new Letter().Text.Length, found.SizeOctets);
    }

    [Fact]
    public async Task An_attempt_comes_back_with_its_transcript_and_what_TLS_agreed_on()
    {
        var id = (await Store.AcceptAsync()).Recipients[0].Id;
        var attempt = Letter.Try(Now) with
        {
            Tls = new TlsFacts("TLS 1.3", "TLS_AES_256_GCM_SHA384", "CN=mx.two.example", "CN=Some \"CA\", O=Prüfer", Now.AddDays(30), "ab12", "The name does not match"),
            MessagesBefore = 3,
            SentOctets = 5_000_000_000,
            Dialogue =
            [
                new DialogueLine(-40, Speaker.Note, "MX two.example: 10 mx.two.example"),
                new DialogueLine(0, Speaker.Server, "220 mx.two.example ESMTP ‹ü› \u0001 \"quoted\""),
                new DialogueLine(1, Speaker.Client, "EHLO out.one.example"),
                new DialogueLine(86_400_000, Speaker.Server, "250-mx\n250 SIZE 1"),
                new DialogueLine(2, Speaker.Note, ""),
            ],
        };

        await Spool.RecordAsync(new AttemptRecord(attempt, [Store.Outcome(id, EventKind.Delivered)]));

        await Store.CrashAsync();
        var found = (await FindAsync(id)).Events[^1].Attempt!;
        Assert.Equal(attempt.Dialogue, found.Dialogue);
        Assert.Equal(attempt with { Dialogue = [] }, found with { Dialogue = [] });
    }

    [Fact]
    public async Task A_reply_of_any_length_and_any_characters_is_kept_word_for_word()
    {
        var id = (await Store.AcceptAsync()).Recipients[0].Id;
        var reply = string.Join('\n', Enumerable.Range(0, 100).Select(i => $"550-5.7.1 line {i} 'quoted' \"twice\" % ü 邮件 \u0007")) + "\n550 5.7.1 end";

        await Store.RecordAsync(id, EventKind.SoftBounced, reply);

        Assert.Equal(reply, (await FindAsync(id)).Events[^1].Info);
        await Store.IndexedAsync();
        Assert.Equal([id], await SearchAsync(new ActivityQuery { Reply = "邮件 99" }));
    }

    private async Task<List<RecipientId>> TraceAsync(string term) =>
        [.. (await Timeline.TraceAsync(1, term, 10, Token)).Select(one => one.Row.Id)];
}
