namespace Waybill.Web.Ui.Mail;

/// <summary>A message taken apart for showing.</summary>
public sealed record MailContent
{
    /// <summary>Octets that are read and taken apart; what lies beyond is not shown, and the page says so.</summary>
    public const int MostOctets = 2 * 1024 * 1024;

    /// <summary>Characters of text and source that a page shows.</summary>
    public const int MostCharacters = 200_000;

    public required long LengthOctets { get; init; }

    public bool IsCut => LengthOctets > MostOctets;

    /// <summary>Header fields in their order, values as they stand with their folds.</summary>
    public required IReadOnlyList<HeaderLine> Headers { get; init; }

    public string? Html { get; init; }

    public string? Text { get; init; }

    /// <summary>The beginning of the message as it is on the wire.</summary>
    public required string Source { get; init; }

    public required IReadOnlyList<MailFile> Files { get; init; }

    /// <summary>Small pictures that the HTML names by Content-ID, as <c>data:</c> addresses.</summary>
    public required IReadOnlyDictionary<string, string> Pictures { get; init; }
}

public sealed record HeaderLine(string Name, string Value);

/// <summary>An attachment. It may be cut short when the message is.</summary>
public sealed record MailFile(string Name, string ContentType, long LengthOctets);
