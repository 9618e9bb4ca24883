using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Waybill.Engine.Accepting;

/// <summary>What submission allows. Section <c>Waybill:Submission</c>.</summary>
public sealed class SubmissionOptions
{
    public const string Section = "Waybill:Submission";

    /// <summary>The name of this host in the greeting, in trace fields and in added Message-IDs. Default: the machine's name.</summary>
    [Required]
    [RegularExpression(@"^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$", ErrorMessage = "This is no host name. Write for example mail.example.com.")]
    public string HostName { get; set; } = Environment.MachineName;

    /// <summary>Largest message in octets. Default 50 MB, as SMTP2GO takes.</summary>
    [Range(65_536, 1_073_741_824)]
    public long MaxMessageOctets { get; set; } = 50 * 1024 * 1024;

    /// <summary>Largest header section in octets. Default 128 KB: it is held in memory while it is read.</summary>
    [Range(4_096, 196_608)]
    public int MaxHeaderOctets { get; set; } = 128 * 1024;

    /// <summary>Longest text line in octets with its CRLF. RFC 5321 §4.5.3.1.6 has 1,000.</summary>
    [Range(1_000, 1_048_576)]
    public int MaxLineOctets { get; set; } = 1_000;

    /// <summary>Most recipients of a message. RFC 5321 §4.5.3.1.8 asks for 100 at least.</summary>
    [Range(100, 4_096)]
    public int MaxRecipients { get; set; } = 1_000;

    /// <summary>Most messages on one connection. Default 1,000.</summary>
    [Range(1, 1_000_000)]
    public int MaxMessagesPerConnection { get; set; } = 1_000;

    /// <summary>Faulty commands that a session may send before it is closed. Default 20.</summary>
    [Range(1, 1_000)]
    public int ErrorBudget { get; set; } = 20;

    /// <summary>Longest wait for a command. RFC 5321 §4.5.3.2.7 asks for 5 minutes at least.</summary>
    [Range(typeof(TimeSpan), "00:00:05", "01:00:00")]
    public TimeSpan CommandTimeout { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Longest wait for more content. RFC 5321 §4.5.3.2.5 gives the client 3 minutes for a block.</summary>
    [Range(typeof(TimeSpan), "00:00:05", "01:00:00")]
    public TimeSpan ContentTimeout { get; set; } = TimeSpan.FromMinutes(3);

    /// <summary>Longest time for one message from DATA to its last octet: a client that drips is let go. Default 30 minutes.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "06:00:00")]
    public TimeSpan MessageTimeout { get; set; } = TimeSpan.FromMinutes(30);

    /// <summary>Most Received fields before a message counts as looping (RFC 5321 §6.3 asks for 100 at least). Default 100.</summary>
    [Range(10, 1_000)]
    public int MaxHops { get; set; } = 100;
}

[OptionsValidator]
internal sealed partial class SubmissionOptionsValidator : IValidateOptions<SubmissionOptions>;
