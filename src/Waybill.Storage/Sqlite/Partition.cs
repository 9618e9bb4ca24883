using System.Globalization;
using Waybill.Engine.Recording;
using Waybill.Mail.Messages;

namespace Waybill.Storage.Sqlite;

/// <summary>The tables that hold a day's messages, or a share of a busy day's. A message and all its facts live and go together.</summary>
/// <remarks>
/// Everything here is inserted at the right-hand edge of its tree, so accepting costs the same however much is stored.
/// The one index that changes place is <c>due</c>, and it holds waiting recipients only. Words and addresses are looked
/// up in a database of their own (<see cref="SearchIndex"/>).
/// </remarks>
internal sealed class Partition(string name, EmailId firstId)
{
    private static readonly string[] Tables = ["event", "attempt", "recipient", "message"];

    private long _waiting;
    private long _recipients;

    public string Name { get; } = name;

    /// <summary>Ids at or above this and below the next partition's belong here.</summary>
    public EmailId FirstId { get; } = firstId;

    /// <summary>Recipients that wait; what tells whether the due index is worth asking.</summary>
    public long Waiting
    {
        get => Interlocked.Read(ref _waiting);
        set => Interlocked.Exchange(ref _waiting, value);
    }

    /// <summary>Recipients stored since the process began or the partition was opened; decides when a busy day is split.</summary>
    public long Recipients
    {
        get => Interlocked.Read(ref _recipients);
        set => Interlocked.Exchange(ref _recipients, value);
    }

    /// <summary>The highest id that was stored here since the process began, or when the partition was opened as the newest. The writer's own.</summary>
    public long HighestId { get; set; } = firstId.Value;

    public string Day => Name[..8];

    public string InsertMessage { get; } =
        $"INSERT INTO message_{name}(email_id,account_id,accepted_at,recipients,reverse_path,flags,envelope_id,subject,message_id,header_from,size,segment,position,facts) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?)";

    public string InsertRecipient { get; } =
        $"INSERT INTO recipient_{name}(rid,place,account_id,address,notify,original,status,attempts,due_at) VALUES(?,?,?,?,?,?,?,0,?)";

    public string InsertAttempt { get; } = $"INSERT OR IGNORE INTO attempt_{name}(attempt_id,detail) VALUES(?,?)";

    public string InsertEvent { get; } =
        $"INSERT INTO event_{name}(rid,seq,kind,at,status,info,next_at,attempt_id) VALUES(?,?,?,?,?,?,?,?)";

    public string UpdateRecipient { get; } =
        $"UPDATE recipient_{name} SET status=?,attempts=attempts+?,due_at=? WHERE rid=? AND due_at IS NOT NULL RETURNING account_id";

    /// <summary>A delivery that ended after a person had cancelled it.</summary>
    public string UpdateCancelled { get; } =
        $"UPDATE recipient_{name} SET status=?,attempts=attempts+? WHERE rid=? AND status={(int)RecipientStatus.Cancelled} RETURNING account_id";

    public string SelectAccount { get; } = $"SELECT account_id FROM recipient_{name} WHERE rid=?";

    public string UpdateDue { get; } = $"UPDATE recipient_{name} SET due_at=? WHERE rid=? AND due_at IS NOT NULL RETURNING account_id";

    /// <summary>The rest of those due at the instant where the last page ended. Asked apart: "later, or as late and of a higher id" in one condition walks past all that are as late.</summary>
    public string SelectDueAt { get; } =
        $"SELECT rid,place,address,due_at FROM recipient_{name} INDEXED BY due_{name} WHERE due_at=? AND rid>? AND due_at<=? ORDER BY rid LIMIT ?";

    public string SelectDueAfter { get; } =
        $"SELECT rid,place,address,due_at FROM recipient_{name} INDEXED BY due_{name} WHERE due_at>? AND due_at<=? ORDER BY due_at,rid LIMIT ?";

    public string SelectForAttempt { get; } =
        $"SELECT r.rid,r.place,r.address,r.notify,r.original,r.attempts,m.email_id,m.account_id,m.accepted_at,m.reverse_path,m.flags,m.envelope_id,m.size,m.segment,m.position "
        + $"FROM recipient_{name} r JOIN message_{name} m ON m.email_id=r.rid-r.place WHERE r.rid=? AND r.due_at IS NOT NULL";

    public string CountWaiting { get; } = $"SELECT count(*) FROM recipient_{name} INDEXED BY due_{name} WHERE due_at IS NOT NULL";

    /// <summary>The columns of a list's row, in the order of <see cref="SqliteTimeline"/>'s reader.</summary>
    public string RowColumns { get; } =
        "r.rid,r.place,r.status,r.attempts,r.due_at,r.address,m.accepted_at,m.reverse_path,m.subject,m.message_id,m.header_from";

    public string RowTables { get; } = $"recipient_{name} r JOIN message_{name} m ON m.email_id=r.rid-r.place";

    /// <summary>Creates the partition's tables.</summary>
    public IEnumerable<string> Create() =>
    [
        $"CREATE TABLE message_{Name}(email_id INTEGER PRIMARY KEY, account_id INTEGER NOT NULL, accepted_at INTEGER NOT NULL, recipients INTEGER NOT NULL, reverse_path TEXT NOT NULL, flags INTEGER NOT NULL, envelope_id TEXT, subject TEXT NOT NULL, message_id TEXT NOT NULL, header_from TEXT NOT NULL, size INTEGER NOT NULL, segment INTEGER, position INTEGER, facts TEXT NOT NULL) STRICT",
        $"CREATE TABLE recipient_{Name}(rid INTEGER PRIMARY KEY, place INTEGER NOT NULL, account_id INTEGER NOT NULL, address TEXT NOT NULL, notify INTEGER NOT NULL, original TEXT, status INTEGER NOT NULL, attempts INTEGER NOT NULL, due_at INTEGER) STRICT",
        $"CREATE INDEX due_{Name} ON recipient_{Name}(due_at) WHERE due_at IS NOT NULL",
        $"CREATE INDEX failed_{Name} ON recipient_{Name}(status) WHERE status>1",
        $"CREATE TABLE event_{Name}(rid INTEGER NOT NULL, seq INTEGER NOT NULL, kind INTEGER NOT NULL, at INTEGER NOT NULL, status TEXT NOT NULL, info TEXT NOT NULL, next_at INTEGER, attempt_id INTEGER, PRIMARY KEY(rid,seq)) STRICT, WITHOUT ROWID",
        $"CREATE TABLE attempt_{Name}(attempt_id INTEGER PRIMARY KEY, detail BLOB NOT NULL) STRICT",
    ];

    public IEnumerable<string> Drop() =>
        Tables.Select(table => $"DROP TABLE IF EXISTS {table}_{Name}");

    public static string NameOf(DateTimeOffset day, int share) =>
        day.UtcDateTime.ToString("yyyyMMdd", CultureInfo.InvariantCulture) + "_" + share.ToString(CultureInfo.InvariantCulture);
}
