using System.Text;
using Waybill.Engine.Spooling;

namespace Waybill.EndToEnd.Pages;

/// <summary>Contents in memory, named by number.</summary>
internal sealed class RememberedContent : IContentStore
{
    private readonly List<byte[]> _all = [];

    public ContentReference Add(string message)
    {
        _all.Add(Encoding.UTF8.GetBytes(message.ReplaceLineEndings("\r\n")));
        return new ContentReference(0, _all.Count - 1, _all[^1].Length);
    }

    public ContentDraft Begin() => throw new NotSupportedException("Nothing is written through the pages.");

    public ContentLease Open(ContentReference reference) => new Lease(_all[(int)reference.Offset]);

    private sealed class Lease(byte[] octets) : ContentLease
    {
        private readonly MemoryStream _stream = new(octets, writable: false);

        public override long LengthOctets => octets.Length;

        public override bool TryGetMemory(out ReadOnlyMemory<byte> memory)
        {
            memory = octets;
            return true;
        }

        public override Stream OpenStream() => _stream;

        protected override void Dispose(bool disposing) => _stream.Dispose();
    }
}
