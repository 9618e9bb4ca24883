using System.Buffers;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using Waybill.Engine.Recording;
using Waybill.Engine.Spooling;
using Waybill.Mail.Messages;

namespace Waybill.Tests.Storage;

/// <summary>A store that the contract suites judge, and what can be done to it from outside. Every store has one of these.</summary>
public abstract class StoreUnderTest : IAsyncDisposable
{
    public static readonly DateTimeOffset Noon = new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero);

    public FakeTimeProvider Clock { get; } = new(Noon);

    public LiveFeed Live { get; } = new();

    public abstract ISpool Spool { get; }

    public abstract ITimeline Timeline { get; }

    public abstract IContentStore Content { get; }

    public abstract EmailIdSource Ids { get; }

    /// <summary>Goes on with what is on stable storage at this moment, as after a crash: nothing is closed or flushed first.</summary>
    public abstract Task CrashAsync();

    /// <summary>Closes in order and opens again.</summary>
    public abstract Task ReopenAsync();

    /// <summary>Waits until searches have an index of everything recorded.</summary>
    public abstract Task IndexedAsync();

    /// <summary>Throws the index of the searches away, as if its file were lost, and opens again.</summary>
    public abstract Task LoseIndexAsync();

    public abstract Task RetainAsync(TimeSpan content, TimeSpan timeline);

    /// <summary>Makes new content refuse to be written until the result is disposed of.</summary>
    public abstract IDisposable BreakContent();

    public abstract ValueTask DisposeAsync();

    public ContentDraft Draft(ReadOnlySpan<byte> octets)
    {
        var draft = Content.Begin();
        draft.Write(octets);
        return draft;
    }

    public Submission Submit(Letter letter) => new()
    {
        EmailId = letter.EmailId ?? Ids.Next(letter.To.Count),
        AcceptedAt = letter.AcceptedAt ?? Clock.GetUtcNow(),
        AccountId = letter.Account,
        Envelope = letter.Envelope,
        Recipients = letter.Recipients,
        Headers = letter.Headers,
        Facts = letter.Facts,
        Content = Draft(Encoding.UTF8.GetBytes(letter.Text)),
    };

    public Task<AcceptedMessage> AcceptAsync(Letter? letter = null) => Spool.AcceptAsync(Submit(letter ?? new Letter()));

    public Task<AcceptedMessage> AcceptAsync(params string[] to) => AcceptAsync(new Letter { To = to });

    /// <summary>Refuses a letter and tells the ids its recipients are recorded under.</summary>
    public async Task<IReadOnlyList<RecipientId>> RefuseAsync(Letter letter, string reply)
    {
        var id = Ids.Next(letter.To.Count);
        await Spool.RefuseAsync(new RefusedSubmission
        {
            EmailId = id,
            RefusedAt = Clock.GetUtcNow(),
            AccountId = letter.Account,
            ReversePath = letter.Envelope.ReversePath,
            Recipients = [.. letter.Recipients.Select(recipient => recipient.ForwardPath)],
            Headers = letter.Headers,
            Facts = letter.Facts,
            Reply = reply,
            SizeOctets = letter.Text.Length,
        });
        return [.. letter.To.Select((_, place) => RecipientId.Of(id, place))];
    }

    /// <summary>Records one outcome of one recipient, now.</summary>
    public Task<AcceptedMessage?> RecordAsync(RecipientId id, EventKind kind, string info = "250 2.0.0 Ok: queued", TimeSpan? nextIn = null, Submission? report = null) =>
        Spool.RecordAsync(new AttemptRecord(Letter.Try(Clock.GetUtcNow()), [Outcome(id, kind, info, nextIn)]), report);

    public RecipientOutcome Outcome(RecipientId id, EventKind kind, string info = "250 2.0.0 Ok: queued", TimeSpan? nextIn = null)
    {
        var now = Clock.GetUtcNow();
        var waits = kind is EventKind.Deferred or EventKind.OutcomeUnknown;
        return new RecipientOutcome
        {
            Id = id,
            Kind = kind,
            At = now,
            Info = info,
            Status = kind switch { EventKind.Delivered => "2.0.0", EventKind.HardBounced => "5.1.1", _ => "4.2.0" },
            NextAttemptAt = waits ? now + (nextIn ?? TimeSpan.FromMinutes(1)) : null,
        };
    }
}
