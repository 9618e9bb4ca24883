using CsCheck;
using Waybill.Engine.Recording;
using Waybill.Mail.Messages;

namespace Waybill.Tests.Storage;

/// <summary>Whatever happens, in whatever order: accepted = delivered + bounced + cancelled + waiting, and nobody is in two places.</summary>
public abstract class LedgerContract : StoreContract
{
    private abstract record Step
    {
        public sealed record Accept(int Recipients) : Step;

        public sealed record Refuse : Step;

        public sealed record Record(int Whom, EventKind Kind) : Step;

        public sealed record Cancel(int Whom) : Step;

        public sealed record RetryNow(int Whom) : Step;

        public sealed record Dot(int Whom) : Step;

        public sealed record NextDay : Step;

        public sealed record Crash : Step;
    }

    private static readonly EventKind[] Kinds =
        [EventKind.Delivered, EventKind.Deferred, EventKind.SoftBounced, EventKind.HardBounced, EventKind.OutcomeUnknown];

    private static readonly Gen<int> Whom = Gen.Int[0, 1_000];

    private static readonly Gen<Step> Steps = Gen.Frequency(
        (6, Gen.Int[1, 4].Select(count => (Step)new Step.Accept(count))),
        (1, Gen.Const((Step)new Step.Refuse())),
        (8, Gen.Select(Whom, Gen.Int[0, Kinds.Length - 1].Select(i => Kinds[i]), (whom, kind) => (Step)new Step.Record(whom, kind))),
        (2, Whom.Select(whom => (Step)new Step.Cancel(whom))),
        (2, Whom.Select(whom => (Step)new Step.RetryNow(whom))),
        (2, Whom.Select(whom => (Step)new Step.Dot(whom))),
        (1, Gen.Const((Step)new Step.NextDay())),
        (1, Gen.Const((Step)new Step.Crash())));

    [Fact]
    public Task The_ledger_holds_after_any_sequence_of_steps() =>
        Steps.List[5, 60].SampleAsync(async steps =>
        {
            await using var store = NewStore();
            var model = new Model();
            foreach (var step in steps)
            {
                await DoAsync(store, model, step);
            }

            await CheckAsync(store, model);
            await store.CrashAsync();
            await CheckAsync(store, model);
        }, iter: 25, threads: 1);

    private static async Task DoAsync(StoreUnderTest store, Model model, Step step)
    {
        switch (step)
        {
            case Step.Accept accept:
                var accepted = await store.AcceptAsync([.. Enumerable.Range(0, accept.Recipients).Select(i => $"reader{i}@two.example")]);
                model.Accept(accepted.Recipients.Select(one => one.Id));
                break;
            case Step.Refuse:
                model.Statuses.Add((await store.RefuseAsync(new Letter(), "550 5.7.1 no"))[0], RecipientStatus.Rejected);
                break;
            case Step.Record record when model.Choose(record.Whom) is { } id:
                await store.RecordAsync(id, record.Kind, "250 or not");
                model.Record(id, record.Kind);
                break;
            case Step.Cancel cancel when model.Choose(cancel.Whom) is { } id:
                Assert.Equal(model.Cancel(id) ? 1 : 0, await store.Spool.CancelAsync([id], "no more"));
                break;
            case Step.RetryNow retry when model.Choose(retry.Whom) is { } id:
                Assert.Equal(model.Waiting.Contains(id) ? 1 : 0, await store.Spool.RetryNowAsync([id]));
                break;
            case Step.Dot dot when model.Choose(dot.Whom) is { } id:
                await store.Spool.NoteDotSentAsync(new Waybill.Engine.Spooling.DotSent([id], store.Clock.GetUtcNow(), "mx", "192.0.2.1:25"));
                model.Dots.Add(id);
                break;
            case Step.NextDay:
                store.Clock.AdjustTime(store.Clock.GetUtcNow().AddHours(23));
                break;
            case Step.Crash:
                await store.CrashAsync();
                break;
            default:
                break; // Nobody to do it to yet.
        }
    }

    private static async Task CheckAsync(StoreUnderTest store, Model model)
    {
        Assert.Equal(model.Waiting.Count, store.Spool.WaitingCount);
        var waiting = await store.Spool.WaitingAsync(default, DateTimeOffset.MaxValue, 10_000, Token);
        Assert.Equal(model.Waiting.Order(), waiting.Select(one => one.Id).Order());
        Assert.Equal(model.Waiting.Order(), (await store.Spool.LoadAsync([.. model.Statuses.Keys], Token)).Select(one => one.Id).Order());
        Assert.Equal(model.Dots.Order(), (await store.Spool.UnresolvedDotsAsync(Token)).SelectMany(note => note.Recipients).Order());
        foreach (var status in Enum.GetValues<RecipientStatus>())
        {
            var page = await store.Timeline.SearchAsync(new ActivityQuery { Statuses = [status], Limit = 500 }, Token);
            Assert.Equal(model.Statuses.Where(one => one.Value == status).Select(one => one.Key).OrderDescending(), page.Rows.Select(row => row.Id));
        }
    }

    private sealed class Model
    {
        private readonly List<RecipientId> _accepted = [];

        public Dictionary<RecipientId, RecipientStatus> Statuses { get; } = [];

        public HashSet<RecipientId> Waiting { get; } = [];

        public HashSet<RecipientId> Dots { get; } = [];

        public RecipientId? Choose(int whom) => _accepted.Count == 0 ? null : _accepted[whom % _accepted.Count];

        public void Accept(IEnumerable<RecipientId> ids)
        {
            foreach (var id in ids)
            {
                _accepted.Add(id);
                Waiting.Add(id);
                Statuses.Add(id, RecipientStatus.Processed);
            }
        }

        public void Record(RecipientId id, EventKind kind)
        {
            Dots.Remove(id);
            var ended = kind switch
            {
                EventKind.Delivered => RecipientStatus.Delivered,
                EventKind.SoftBounced => RecipientStatus.SoftBounced,
                EventKind.HardBounced => RecipientStatus.HardBounced,
                _ => (RecipientStatus?)null,
            };
            if (ended is { } status && (Waiting.Remove(id) || Statuses[id] == RecipientStatus.Cancelled))
            {
                Statuses[id] = status;
            }
        }

        public bool Cancel(RecipientId id)
        {
            if (!Waiting.Remove(id))
            {
                return false;
            }

            Statuses[id] = RecipientStatus.Cancelled;
            return true;
        }
    }
}
