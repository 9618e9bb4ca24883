using System.Buffers;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Waybill.Engine.Recording;
using Waybill.Engine.Spooling;
using Waybill.Mail.Addressing;
using Waybill.Mail.Messages;
using Waybill.Storage.Sqlite;

namespace Waybill.Bench.Waiting;

/// <summary>Fills a data directory with waiting mail, through the store itself.</summary>
internal static class WaitingFill
{
    // As many callers as a busy server has sessions: the store's groups are full.
    private const int Callers = 1_000;

    private static readonly TimeSpan Span = TimeSpan.FromHours(4);

    /// <summary>Fills.</summary>
    /// <param name="messages">Messages of one recipient each.</param>
    /// <param name="past">How many of them are due since an hour; the others are at any time of the four hours after the next.</param>
    /// <param name="domains">Recipient domains.</param>
    public static async Task RunAsync(string directory, int messages, int past, int domains, CancellationToken stopping)
    {
        using var store = SqliteStore.Open(directory, TimeProvider.System, new LiveFeed(), NullLoggerFactory.Instance);
        var ids = new EmailIdSource(TimeProvider.System, 0, store.HighestId);
        var now = TimeProvider.System.GetUtcNow();

        // Due in no order of their ids, as retries are: reading them in order goes all over the tables.
        var random = new Random(4711);
        var accepting = new List<Task>(Callers);
        for (var i = 0; i < messages; i++)
        {
            stopping.ThrowIfCancellationRequested();
            var due = i < past ? now.AddHours(-1) : now.AddHours(1) + (Span * random.NextDouble());
            accepting.Add(store.Spool!.AcceptAsync(Message(store.Content, ids.Next(1), due, i, domains)));
            if (accepting.Count == Callers)
            {
                await Task.WhenAll(accepting);
                accepting.Clear();
            }
        }

        await Task.WhenAll(accepting);
    }

    private static Submission Message(IContentStore content, EmailId id, DateTimeOffset due, int number, int domains)
    {
        var draft = content.Begin();
        draft.Write("Subject: waiting\r\n\r\nStill waiting.\r\n"u8);
        var text = number.ToString(CultureInfo.InvariantCulture);
        return new Submission
        {
            EmailId = id,
            AcceptedAt = due, // A message is due since its acceptance.
            Envelope = new Envelope(ReversePath.Of(Mailbox.Parse("bounce@sender.test"))),
            Recipients = [new EnvelopeRecipient(ForwardPath.Parse($"user{text}@d{(number % domains).ToString(CultureInfo.InvariantCulture)}.rcpt.test"))],
            Headers = new HeaderFacts { Subject = "waiting " + text, MessageId = $"<{text}@sender.test>", From = "Load <bounce@sender.test>" },
            Facts = new SubmissionFacts { ClientAddress = "127.0.0.1", ClientName = "load", Protocol = "ESMTP" },
            Content = draft,
        };
    }
}
