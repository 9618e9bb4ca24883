using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.Win32.SafeHandles;
using Waybill.Engine.Spooling;
using Waybill.Mail.Messages;

namespace Waybill.Storage.Files;

/// <summary>Where the next octet of a segment goes.</summary>
internal readonly record struct SegmentPosition(int Segment, long Offset);

/// <summary>
/// Keeps the octets of messages in files: small messages share append-only segments that are preallocated, large ones
/// have a file of their own. A directory holds a day, so that retention removes directories and never edits a file.
/// </summary>
/// <remarks>Only the spool's writer appends; anybody reads.</remarks>
internal sealed class SegmentStore : IContentStore
{
    /// <summary>Most octets of a segment, unless a test asks for less. Appending to what is already allocated syncs without a journal write of the file system.</summary>
    public const long DefaultSegmentOctets = 64L * 1024 * 1024;

    // Enough that a disk with room for this has room for a few messages.
    private const int ProbeOctets = 256 * 1024;

    // On a small disk a segment takes a small share of what is free; it holds any message that does not have a file of its own.
    private const long SmallestSegmentOctets = 1024 * 1024;

    // Outcomes of deliveries have nobody to be refused to: this much is left for them when new mail finds no room.
    private const long LargestReserveOctets = 64L * 1024 * 1024;

    private readonly string _root;
    private readonly long _segmentOctets;
    private readonly ConcurrentDictionary<int, SafeFileHandle> _handles = [];
    private readonly ConcurrentDictionary<int, string> _paths = [];
    private SafeFileHandle? _open;
    private string _openDay = "";
    private long _openOctets;

    public SegmentStore(string root, bool writable, long segmentOctets = DefaultSegmentOctets)
    {
        (_root, _segmentOctets) = (root, segmentOctets);
        if (writable)
        {
            Directory.CreateDirectory(Incoming);
            foreach (var leftOver in Directory.EnumerateFiles(Incoming))
            {
                File.Delete(leftOver); // Drafts of the last run: nobody was told 250 for them.
            }
        }

        foreach (var path in Directory.Exists(root) ? Directory.EnumerateFiles(root, "*.seg", SearchOption.AllDirectories) : [])
        {
            if (int.TryParse(Path.GetFileNameWithoutExtension(path), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            {
                _paths[number] = path;
            }
        }
    }

    /// <summary>Where the next append goes. The writer keeps it in its database, in the same commit as the messages.</summary>
    public SegmentPosition Position { get; private set; }

    private string Incoming => Path.Combine(_root, "incoming");

    /// <summary>Goes on where the last commit ended; octets behind it belong to nobody and are overwritten.</summary>
    public void Resume(SegmentPosition position)
    {
        Position = position;
        if (_paths.TryGetValue(position.Segment, out var path) && position.Offset < new FileInfo(path).Length)
        {
            _open = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
            _openOctets = RandomAccess.GetLength(_open);
            _openDay = Path.GetFileName(Path.GetDirectoryName(path)!);
            _handles[position.Segment] = _open;
        }
        else
        {
            var highest = _paths.IsEmpty ? 0 : _paths.Keys.Max();
            Position = new SegmentPosition(Math.Max(highest, position.Segment), DefaultSegmentOctets);
        }
    }

    public ContentDraft Begin() => new FileDraft(Incoming);

    /// <summary>Appends drafts, in order, and syncs them: on return they are on stable storage.</summary>
    /// <param name="drafts">The drafts of one group; each keeps its buffer until it is disposed of.</param>
    /// <param name="references">Gets a reference for each draft.</param>
    /// <exception cref="IOException">The disk refused; <see cref="Position"/> has not moved.</exception>
    public void Append(IReadOnlyList<(EmailId Id, FileDraft Draft)> drafts, List<ContentReference> references)
    {
        EnsureRoom();
        var (position, open, octets, day) = (Position, _open, _openOctets, _openDay);
        try
        {
            AppendGroups(drafts, references);
        }
        catch
        {
            // A segment begun meanwhile stays, unused: the position names the one it is in.
            (Position, _open, _openOctets, _openDay) = (position, open, octets, day);
            throw;
        }
    }

    /// <summary>Sees whether the disk takes content.</summary>
    /// <exception cref="IOException">It does not.</exception>
    public void Probe(DateTimeOffset now)
    {
        EnsureRoom();
        Directory.CreateDirectory(Path.Combine(_root, Day(now)));
        var path = Path.Combine(Incoming, "probe");
        try
        {
            using var file = File.OpenHandle(path, FileMode.Create, FileAccess.Write);
            RandomAccess.Write(file, new byte[ProbeOctets], 0);
            FileSync.Whole(file);
        }
        finally
        {
            File.Delete(path);
        }
    }

    public ContentLease Open(ContentReference reference)
    {
        if (reference.Segment == 0)
        {
            return OpenFile(reference);
        }

        try
        {
            return FileLease.FromSegment(_handles.GetOrAdd(reference.Segment, OpenSegment), reference);
        }
        catch (Exception fault) when (fault is ObjectDisposedException or FileNotFoundException or DirectoryNotFoundException)
        {
            throw Gone(); // Retention was here in the same moment.
        }
    }

    /// <summary>Removes the content of days that ended before an instant.</summary>
    /// <param name="keptDays">Days as yyyyMMdd that stay all the same, because somebody still waits for their mail.</param>
    /// <returns>The days removed, as yyyyMMdd.</returns>
    public IReadOnlyList<string> RemoveBefore(DateTimeOffset instant, IReadOnlySet<string> keptDays)
    {
        var limit = Day(instant);
        var removed = new List<string>();
        foreach (var directory in Directory.EnumerateDirectories(_root))
        {
            var day = Path.GetFileName(directory);
            if (day.Length != 8 || !char.IsAsciiDigit(day[0]) || string.CompareOrdinal(day, limit) >= 0 || day == _openDay || keptDays.Contains(day))
            {
                continue;
            }

            foreach (var (segment, path) in _paths)
            {
                if (Path.GetDirectoryName(path) == directory && _paths.TryRemove(segment, out _) && _handles.TryRemove(segment, out var handle))
                {
                    handle.Dispose();
                }
            }

            Directory.Delete(directory, recursive: true);
            removed.Add(day);
        }

        return removed;
    }

    /// <summary>Closes the files. Not by Dispose: the container that lends this out must not close it before the writer has ended.</summary>
    public void Close()
    {
        foreach (var handle in _handles.Values)
        {
            handle.Dispose();
        }
    }

    /// <summary>Refuses new content while the disk is nearly full.</summary>
    /// <exception cref="IOException">There is no room; say 4yz.</exception>
    public void EnsureRoom()
    {
        var drive = new DriveInfo(_root);
        if (drive.AvailableFreeSpace < Math.Min(LargestReserveOctets, drive.TotalSize / 20))
        {
            throw new IOException("the disk of the data directory is nearly full");
        }
    }

    private void AppendGroups(IReadOnlyList<(EmailId Id, FileDraft Draft)> drafts, List<ContentReference> references)
    {
        var parts = new List<ReadOnlyMemory<byte>>(drafts.Count * 2);
        var start = Position;
        foreach (var (id, draft) in drafts)
        {
            if (draft.HasFile)
            {
                draft.Keep(LargePath(id, create: true));
                references.Add(new ContentReference(0, id.Value, draft.LengthOctets));
                continue;
            }

            if (_open is null || Position.Offset + draft.LengthOctets > _openOctets || _openDay != Day(id.At))
            {
                Write(parts, start);
                NextSegment(Day(id.At));
                start = Position;
            }

            draft.AddParts(parts);
            references.Add(new ContentReference(Position.Segment, Position.Offset, draft.LengthOctets));
            Position = Position with { Offset = Position.Offset + draft.LengthOctets };
        }

        Write(parts, start);
    }

    private void Write(List<ReadOnlyMemory<byte>> parts, SegmentPosition at)
    {
        if (parts.Count == 0)
        {
            return;
        }

        RandomAccess.Write(_open!, parts, at.Offset);
        FileSync.Data(_open!);
        parts.Clear();
    }

    private void NextSegment(string day)
    {
        if (_open is not null)
        {
            RandomAccess.SetLength(_open, Position.Offset); // What it did not need goes back.
        }

        var number = Position.Segment + 1;
        while (_paths.ContainsKey(number))
        {
            number++;
        }

        var directory = Path.Combine(_root, day);
        Directory.CreateDirectory(directory);
        var path = Path.Combine(directory, number.ToString("D8", CultureInfo.InvariantCulture) + ".seg");
        var size = Math.Clamp(new DriveInfo(_root).AvailableFreeSpace / 16, Math.Min(SmallestSegmentOctets, _segmentOctets), _segmentOctets);
        var handle = File.OpenHandle(
            path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete, preallocationSize: size);
        try
        {
            // The length too is set once, so that an append changes no metadata that its sync would have to write.
            RandomAccess.SetLength(handle, size);
            FileSync.Whole(handle);
            FileSync.Directory(directory);
            FileSync.Directory(_root);
        }
        catch
        {
            // Its number is used up: should even its removal fail, the name is in nobody's way.
            _paths[number] = path;
            handle.Dispose();
            File.Delete(path);
            throw;
        }

        _paths[number] = path;
        _handles[number] = handle;
        _open = handle;
        _openOctets = size;
        _openDay = day;
        Position = new SegmentPosition(number, 0);
    }

    private SafeFileHandle OpenSegment(int number) =>
        _paths.TryGetValue(number, out var path) && File.Exists(path)
            ? File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete)
            : OpenNewSegment(number);

    // Another process has made segments since this one looked (the command line beside a running server).
    private SafeFileHandle OpenNewSegment(int number)
    {
        var name = number.ToString("D8", CultureInfo.InvariantCulture) + ".seg";
        foreach (var path in Directory.EnumerateFiles(_root, name, SearchOption.AllDirectories))
        {
            _paths[number] = path;
            return File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        }

        throw Gone();
    }

    private FileLease OpenFile(ContentReference reference)
    {
        try
        {
            return FileLease.FromFile(LargePath(new EmailId(reference.Offset), create: false));
        }
        catch (Exception fault) when (fault is FileNotFoundException or DirectoryNotFoundException)
        {
            throw Gone();
        }
    }

    private static ContentGoneException Gone() => new("The content of this message is no longer kept.");

    private string LargePath(EmailId id, bool create)
    {
        var directory = Path.Combine(_root, Day(id.At));
        if (create)
        {
            Directory.CreateDirectory(directory);
        }

        return Path.Combine(directory, id + ".msg");
    }

    private static string Day(DateTimeOffset instant) => instant.UtcDateTime.ToString("yyyyMMdd", CultureInfo.InvariantCulture);
}
