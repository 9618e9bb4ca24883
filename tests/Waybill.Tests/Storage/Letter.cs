using Waybill.Engine.Recording;
using Waybill.Engine.Spooling;
using Waybill.Mail.Addressing;
using Waybill.Mail.Messages;

namespace Waybill.Tests.Storage;

/// <summary>A message to submit, with plain defaults: a test names what matters to it.</summary>
public sealed record Letter
{
    public EmailId? EmailId { get; init; }

    public DateTimeOffset? AcceptedAt { get; init; }

    public int Account { get; init; } = 1;

    /// <summary>The reverse-path; empty is the null one.</summary>
    public string From { get; init; } = "sender@one.example";

    public IReadOnlyList<string> To { get; init; } = ["reader@two.example"];

    public string Subject { get; init; } = "Hello";

    public string MessageId { get; init; } = "<hello@one.example>";

    public string HeaderFrom { get; init; } = "A Sender <sender@one.example>";

    public string Text { get; init; } = "Subject: Hello\r\n\r\nDear reader\r\n";

    public Envelope Envelope => new(ReversePath.TryParse(From, out var path) ? path : throw new FormatException(From));

    public IReadOnlyList<EnvelopeRecipient> Recipients => [.. To.Select(address => new EnvelopeRecipient(ForwardPath.Parse(address)))];

    public HeaderFacts Headers => new() { Subject = Subject, MessageId = MessageId, From = HeaderFrom };

    public SubmissionFacts Facts { get; init; } = new() { ClientAddress = "192.0.2.7", ClientName = "client.one.example", Protocol = "ESMTPSA", Credential = "shop" };

    /// <summary>An attempt at a host that answers.</summary>
    public static Attempt Try(DateTimeOffset at) => new()
    {
        StartedAt = at.AddMilliseconds(-120),
        EndedAt = at,
        NextHop = "two.example",
        Host = "mx.two.example",
        Address = "192.0.2.25:25",
        SourceAddress = "198.51.100.1",
        ClientName = "out.one.example",
    };
}
