using System.Text;
using Waybill.Engine.Recording;
using Waybill.Mail.Messages;

namespace Waybill.Storage.Sqlite;

/// <summary>Something about a recipient that the journal tells of.</summary>
internal readonly record struct RecipientChange(RecipientId Recipient, EventKind Kind);

/// <summary>Takes recipients into the index: one row for the message as it was submitted, another for every pass that saw a reply.</summary>
/// <remarks>
/// All rows of a recipient have the same rowid. A full-text table without content allows that: the newer row's tokens come
/// beside those of the older, and one question can ask for tokens of both. So whoever is looked for by recipient and by a
/// reply is found at once, and a page goes on by rowid, whatever it was looked for by.
/// </remarks>
internal sealed class IndexPass(SqliteSession index, SqliteSession spool, PartitionCatalog catalog, HashSet<string> made)
{
    // Of a recipient with more events the older ones have been seen by an earlier pass.
    private const int MostEvents = 50;

    private readonly StringBuilder _text = new();

    /// <summary>Takes in what the journal tells.</summary>
    public void Take(List<RecipientChange> changes)
    {
        // In order of rowid: the full-text engine writes out what it has gathered whenever a lower one comes.
        foreach (var group in changes.GroupBy(change => change.Recipient).OrderBy(group => group.Key.Value))
        {
            if (catalog.Find(group.Key.Value) is { } partition)
            {
                Take(partition, group.Key, group.Any(change => change.Kind is EventKind.Processed or EventKind.Rejected), group.Any(HasReply));
            }
        }
    }

    /// <summary>Takes in everything about recipients of a partition, given in order of id.</summary>
    public void TakeWhole(Partition partition, IEnumerable<RecipientId> recipients)
    {
        foreach (var recipient in recipients)
        {
            Take(partition, recipient, withMessage: true, withReplies: true);
        }
    }

    public void MakeTable(Partition partition)
    {
        if (made.Add(partition.Name))
        {
            index.Execute(
                $"CREATE VIRTUAL TABLE IF NOT EXISTS mail_{partition.Name} USING fts5(account, sender, recipient, subject, message_id, reply, "
                + "content='', columnsize=0, detail=column, tokenize=\"ascii tokenchars '!#$%&''*+-./:=?@^_`{|}~,;<>()[]\\'\")");
        }
    }

    private static bool HasReply(RecipientChange change) => change.Kind is not (EventKind.Processed or EventKind.RetryRequested);

    private void Take(Partition partition, RecipientId recipient, bool withMessage, bool withReplies)
    {
        if (!withMessage && !withReplies)
        {
            return;
        }

        MakeTable(partition);
        var insert = index.Prepare($"INSERT INTO mail_{partition.Name}(rowid,account,sender,recipient,subject,message_id,reply) VALUES(?,?,?,?,?,?,?)");
        if (!BindMessage(insert, partition, recipient, withMessage))
        {
            return; // Its day has just been dropped.
        }

        insert.Bind(1, recipient.Value).Bind(7, withReplies ? Replies(partition, recipient) : "").Run();
    }

    private bool BindMessage(SqliteStatement insert, Partition partition, RecipientId recipient, bool withMessage)
    {
        if (!withMessage)
        {
            insert.Bind(2, "").Bind(3, "").Bind(4, "").Bind(5, "").Bind(6, "");
            return true;
        }

        var select = spool.Prepare($"SELECT r.account_id,m.reverse_path,m.header_from,r.address,m.subject,m.message_id FROM {partition.RowTables} WHERE r.rid=?").Bind(1, recipient.Value);
        var found = select.Step();
        if (found)
        {
            insert.Bind(2, SearchTokens.Account(select.Int(0)))
                .Bind(3, SearchTokens.Address(select.Text(1)) + " " + SearchTokens.FromField(select.Text(2)))
                .Bind(4, SearchTokens.Address(select.Text(3)))
                .Bind(5, string.Join(' ', SearchTokens.Words(select.Text(4))))
                .Bind(6, SearchTokens.Whole(select.Text(5)));
        }

        select.Reset();
        return found;
    }

    private string Replies(Partition partition, RecipientId recipient)
    {
        _text.Clear();
        var select = spool.Prepare($"SELECT info FROM event_{partition.Name} WHERE rid=? ORDER BY seq DESC LIMIT {MostEvents}").Bind(1, recipient.Value);
        while (select.Step())
        {
            _text.AppendJoin(' ', SearchTokens.Reply(select.Text(0))).Append(' ');
        }

        select.Reset();
        return _text.ToString();
    }
}
