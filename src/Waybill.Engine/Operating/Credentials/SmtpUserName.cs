using System.Text;

namespace Waybill.Engine.Operating.Credentials;

/// <summary>What may name an SMTP user. Letters of either case name the same user.</summary>
public static class SmtpUserName
{
    public const int MaxLength = 128;

    /// <summary>What is wrong with a name, in words for the person who typed it; null when nothing is.</summary>
    public static string? Problem(string name) => name switch
    {
        "" => "A name is needed.",
        { Length: > MaxLength } => $"A name has at most {MaxLength} characters.",
        _ when !Ascii.IsValid(name) || name.Any(static c => char.IsControl(c) || c is ' ' or '"' or '\\' or '<' or '>') =>
            "A name is made of ASCII letters, digits and signs, without blanks, quotes, backslashes and angle brackets.",
        _ => null,
    };
}
