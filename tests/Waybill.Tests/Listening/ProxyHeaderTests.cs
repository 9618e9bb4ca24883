using System.Buffers;
using System.Net;
using Waybill.Engine.Listening;

namespace Waybill.Tests.Listening;

public sealed class ProxyHeaderTests
{
    private static readonly byte[] Header =
    [
        .. "\r\n\r\n\0\r\nQUIT\n"u8, 0x21, 0x11, 0, 12, 192, 0, 2, 7, 127, 0, 0, 1, 0x12, 0x34, 0, 25, .. "EHLO"u8,
    ];

    [Fact]
    public void The_client_behind_a_balancer_is_known_by_its_own_address()
    {
        var buffer = new ReadOnlySequence<byte>(Header);

        Assert.True(ProxyHeader.TryRead(ref buffer, out var client));
        Assert.Equal(IPAddress.Parse("192.0.2.7"), client);
        Assert.Equal("EHLO"u8.ToArray(), buffer.ToArray());
    }

    [Fact]
    public void A_header_in_pieces_is_waited_for()
    {
        foreach (var length in Enumerable.Range(0, 28))
        {
            var buffer = new ReadOnlySequence<byte>(Header.AsMemory(0, length));
            Assert.Null(ProxyHeader.TryRead(ref buffer, out _));
        }
    }

    [Fact]
    public void A_connection_without_the_header_is_told_apart()
    {
        var buffer = new ReadOnlySequence<byte>("EHLO client.example\r\n"u8.ToArray());

        Assert.False(ProxyHeader.TryRead(ref buffer, out _));
    }
}
