using System.Text;

namespace Waybill.Engine.Accepting;

/// <summary>The dialogue of AUTH PLAIN (RFC 4616) or AUTH LOGIN, a line at a time.</summary>
internal sealed class AuthExchange(string mechanism)
{
    private string? _name;

    /// <summary>What the client proved to know; set when the exchange is complete.</summary>
    public (string Name, string Password)? Credentials { get; private set; }

    /// <summary>The text of the 334 to send next; null when nothing more is asked.</summary>
    public string? Challenge { get; private set; }

    /// <summary>Takes the initial response or the next line.</summary>
    /// <param name="response">Base64, or null where the command carried none.</param>
    /// <returns>False when it is not of the right form.</returns>
    public bool Take(string? response)
    {
        Challenge = null;
        if (response is null)
        {
            Challenge = mechanism == "PLAIN" ? "" : "VXNlcm5hbWU6"; // "Username:"
            return true;
        }

        if (!TryDecode(response, out var text))
        {
            return false;
        }

        return mechanism == "PLAIN" ? TakePlain(text) : TakeLogin(text);
    }

    private bool TakePlain(string text)
    {
        // authorization identity NUL authentication identity NUL password (RFC 4616 §2).
        var parts = text.Split('\0');
        if (parts.Length != 3 || parts[1].Length == 0)
        {
            return false;
        }

        Credentials = (parts[1], parts[2]);
        return true;
    }

    private bool TakeLogin(string text)
    {
        if (_name is null)
        {
            _name = text;
            Challenge = "UGFzc3dvcmQ6"; // "Password:"
            return text.Length > 0;
        }

        Credentials = (_name, text);
        return true;
    }

    private static bool TryDecode(string response, out string text)
    {
        var octets = new byte[response.Length];
        text = "";
        if (!Convert.TryFromBase64String(response, octets, out var length))
        {
            return false;
        }

        text = Encoding.UTF8.GetString(octets, 0, length);
        return true;
    }
}
