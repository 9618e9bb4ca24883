using System.Buffers;
using Waybill.Engine.Spooling;
using Waybill.Mail.Messages;
using Waybill.Storage.Files;

namespace Waybill.Tests.Storage;

public sealed class SegmentStoreTests : IDisposable
{
    private const long Octets = 1_000;

    private static readonly DateTimeOffset Noon = new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero);

    private readonly string _root = Directory.CreateTempSubdirectory("waybill-segments-").FullName;
    private readonly SegmentStore _store;
    private long _ids = EmailId.FirstAt(Noon).Value;

    public SegmentStoreTests()
    {
        _store = new SegmentStore(_root, writable: true, Octets);
        _store.Resume(default);
    }

    public void Dispose()
    {
        _store.Close();
        Directory.Delete(_root, recursive: true);
    }

    [Fact]
    public void A_full_segment_is_followed_by_the_next_one()
    {
        var references = Enumerable.Range(0, 7).SelectMany(i => Append(Draft((byte)i, 300))).ToList();

        Assert.Equal([1, 1, 1, 2, 2, 2, 3], references.Select(one => one.Segment));
        Assert.All(references, (reference, i) => AssertIs((byte)i, 300, reference));
    }

    [Fact]
    public void A_segment_holds_one_day_only()
    {
        var today = Append(Draft(1, 10))[0];
        _ids = EmailId.FirstAt(Noon.AddDays(1)).Value;

        var tomorrow = Append(Draft(2, 10))[0];

        Assert.NotEqual(today.Segment, tomorrow.Segment);
        Assert.Equal(["20261120"], _store.RemoveBefore(Noon.AddDays(1), new HashSet<string>()));
        Assert.Throws<ContentGoneException>(() => _store.Open(today));
        AssertIs(2, 10, tomorrow);
    }

    [Fact]
    public void A_group_that_fails_after_it_has_begun_a_segment_leaves_the_one_before_in_use()
    {
        Append(Draft(1, 300));
        var inTheWay = Path.Combine(_root, "20261120", new EmailId(_ids + 1) + ".msg");
        Directory.CreateDirectory(inTheWay);

        Assert.ThrowsAny<IOException>(() => Append(Draft(2, 900), Large(3)));
        var after = Append(Draft(4, 300), Draft(5, 600));

        AssertIs(4, 300, after[0]);
        AssertIs(5, 600, after[1]);
        var resumed = new SegmentStore(_root, writable: true, Octets);
        resumed.Resume(_store.Position);
        AssertIs(4, 300, after[0], resumed);
        AssertIs(5, 600, after[1], resumed);
    }

    [Fact]
    public void A_restart_goes_on_where_the_last_commit_ended_and_overwrites_what_nobody_was_promised()
    {
        var kept = Append(Draft(1, 300))[0];
        var committed = _store.Position;
        Append(Draft(2, 300));

        var resumed = new SegmentStore(_root, writable: true, Octets);
        resumed.Resume(committed);
        var references = new List<ContentReference>();
        resumed.Append([(new EmailId(_ids++), Draft(3, 300))], references);

        Assert.Equal(kept.Offset + 300, references[0].Offset);
        AssertIs(1, 300, kept, resumed);
        AssertIs(3, 300, references[0], resumed);
    }

    [Fact]
    public void Drafts_of_the_last_run_are_removed_at_the_start()
    {
        File.WriteAllText(Path.Combine(_root, "incoming", "left.part"), "half a message");

        _ = new SegmentStore(_root, writable: true, Octets);

        Assert.Empty(Directory.EnumerateFiles(Path.Combine(_root, "incoming")));
    }

    private FileDraft Draft(byte octet, int length)
    {
        var draft = (FileDraft)_store.Begin();
        draft.Write(Enumerable.Repeat(octet, length).ToArray());
        return draft;
    }

    private FileDraft Large(byte octet)
    {
        var draft = Draft(octet, 10);
        draft.FlushAsync(TestContext.Current.CancellationToken).AsTask().GetAwaiter().GetResult();
        return draft;
    }

    private List<ContentReference> Append(params FileDraft[] drafts)
    {
        var references = new List<ContentReference>();
        _store.Append([.. drafts.Select(draft => (new EmailId(_ids++), draft))], references);
        return references;
    }

    private void AssertIs(byte octet, int length, ContentReference reference, SegmentStore? store = null)
    {
        using var lease = (store ?? _store).Open(reference);
        Assert.True(lease.TryGetMemory(out var octets));
        Assert.Equal(Enumerable.Repeat(octet, length), octets.ToArray());
    }
}
