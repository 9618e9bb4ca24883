using System.Text;
using Waybill.Mail.Messages;

namespace Waybill.Tests.Mail;

public sealed class HeaderReaderTests
{
    [Fact]
    public void Folded_and_encoded_fields_are_read_for_people()
    {
        var fields = Read("Subject: =?utf-8?q?Ihre_B=C3=BCcher?=\r\n =?utf-8?q?_sind_da?=\r\nFROM : a@b.example\r\n\r\nSubject: body\r\n", out _);

        Assert.Equal([("Subject", "Ihre Bücher sind da"), ("FROM", "a@b.example")], fields);
    }

    [Fact]
    public void A_body_without_a_header_is_seen_as_such()
    {
        Read("Hello there,\r\nthis is text.\r\n", out var broken);

        Assert.True(broken);
    }

    [Fact]
    public void A_decoded_value_holds_no_control_character() =>
        Assert.Equal("a b", HeaderReader.Decode("=?utf-8?q?a=0D=0Ab?="u8, 100));

    private static List<(string, string)> Read(string header, out bool broken)
    {
        var reader = new HeaderReader(Encoding.UTF8.GetBytes(header));
        var fields = new List<(string, string)>();
        while (reader.TryRead(out var field))
        {
            fields.Add((Encoding.ASCII.GetString(field.Name), HeaderReader.Decode(field.Value, 100)));
        }

        broken = reader.IsBroken;
        return fields;
    }
}
