namespace Waybill.Mail.Smtp;

/// <summary>A reply that a peer gave, kept word for word (RFC 5321 §4.2).</summary>
/// <param name="Code">The three digits.</param>
/// <param name="Text">Every line as it came, codes included, joined by a line feed. Octets outside ASCII are read as UTF-8, else as Latin-1.</param>
public sealed record PeerReply(int Code, string Text)
{
    /// <summary>2, 3, 4 or 5: what the peer means, whatever its words say.</summary>
    public int Class => Code / 100;

    public bool IsPositive => Class is 2 or 3;

    /// <summary>The enhanced status code of the first line that has one of the reply's own class, else null.</summary>
    public EnhancedStatusCode? Status
    {
        get
        {
            foreach (var range in Text.AsSpan().Split('\n'))
            {
                var line = Text.AsSpan(range);
                if (line.Length > 4 && EnhancedStatusCode.TryParsePrefix(line[4..], out var status) && status.Class == Class)
                {
                    return status;
                }
            }

            return null;
        }
    }

    /// <summary>The reply unfolded to one line: the first line whole, of the others only their text.</summary>
    public string OnOneLine
    {
        get
        {
            if (!Text.Contains('\n'))
            {
                return Text;
            }

            var lines = Text.Split('\n');
            return lines[0].Remove(Math.Min(3, lines[0].Length), Math.Min(1, Math.Max(0, lines[0].Length - 3)))
                .Insert(Math.Min(3, lines[0].Length), " ")
                + string.Concat(lines.Skip(1).Select(line => line.Length > 4 ? " " + line[4..] : ""));
        }
    }

    public override string ToString() => Text;
}
