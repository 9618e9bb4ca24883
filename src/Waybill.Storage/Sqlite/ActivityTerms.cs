using Waybill.Engine.Recording;

namespace Waybill.Storage.Sqlite;

/// <summary>The filters of a question that are words: as an expression for the index, and as a test of a row. A filter without any word is none.</summary>
internal sealed class ActivityTerms
{
    private readonly string? _recipient;
    private readonly string? _sender;
    private readonly string? _messageId;
    private readonly List<string> _subject;
    private readonly List<string> _reply;

    public ActivityTerms(ActivityQuery query)
    {
        _recipient = Some(SearchTokens.WholeAddress(query.Recipient ?? ""));
        _sender = Some(SearchTokens.WholeAddress(query.Sender ?? ""));
        _messageId = Some(SearchTokens.Whole(query.MessageId ?? ""));
        _subject = [.. SearchTokens.Words(query.Subject ?? "")];
        _reply = [.. SearchTokens.ReplyQuestion(query.Reply ?? "").Distinct()];
        Expression = Ask(query.AccountId);
    }

    /// <summary>What to ask the full-text index; null when no filter is of words.</summary>
    public string? Expression { get; }

    public bool HasSender => _sender is not null;

    public bool HasReply => _reply.Count > 0;

    public bool RecipientIs(string address) => Holds(_recipient, SearchTokens.Address(address));

    public bool SenderIs(string reversePath, string headerFrom) =>
        Holds(_sender, SearchTokens.Address(reversePath) + " " + SearchTokens.FromField(headerFrom));

    public bool MessageIdIs(string messageId) => _messageId is null || _messageId == SearchTokens.Whole(messageId);

    public bool SubjectHolds(string subject)
    {
        if (_subject.Count == 0)
        {
            return true;
        }

        var have = SearchTokens.Words(subject).ToHashSet(StringComparer.Ordinal);
        return _subject.Take(_subject.Count - 1).All(have.Contains)
            && have.Any(word => word.StartsWith(_subject[^1], StringComparison.Ordinal));
    }

    public bool RepliesHold(IEnumerable<string> replies)
    {
        var have = replies.SelectMany(SearchTokens.Reply).ToHashSet(StringComparer.Ordinal);
        return _reply.All(have.Contains);
    }

    private static string? Some(string token) => token.Length > 0 ? token : null;

    private static bool Holds(string? wanted, string tokens) =>
        wanted is null || tokens.Split(' ').Contains(wanted, StringComparer.Ordinal);

    private string? Ask(int account)
    {
        var parts = new List<string>();
        Add(parts, "recipient", _recipient);
        Add(parts, "sender", _sender);
        Add(parts, "message_id", _messageId);
        for (var i = 0; i < _subject.Count; i++)
        {
            parts.Add($"subject : {Quote(_subject[i])}{(i == _subject.Count - 1 ? " *" : "")}");
        }

        _reply.ForEach(token => Add(parts, "reply", token));
        if (parts.Count == 0)
        {
            return null;
        }

        Add(parts, "account", SearchTokens.Account(account));
        return string.Join(" AND ", parts);
    }

    private static void Add(List<string> parts, string column, string? token)
    {
        if (token is not null)
        {
            parts.Add($"{column} : {Quote(token)}");
        }
    }

    private static string Quote(string token) => "\"" + token + "\"";
}
