namespace Waybill.Peers.Smtp;

/// <summary>What a receiver does at one point of the dialogue: says something, at once or late, and stays or goes.</summary>
/// <param name="Text">The reply's lines as they go on the wire, joined by a line feed; null says nothing.</param>
/// <param name="After">Time that passes before it.</param>
/// <param name="ThenCloses">Whether the connection ends after it.</param>
public sealed record Response(string? Text, TimeSpan After, bool ThenCloses)
{
    /// <summary>Ends the connection without a word.</summary>
    public static readonly Response Drop = new(null, TimeSpan.Zero, true);

    /// <summary>Whether the reply is of the 2yz or 3yz classes.</summary>
    public bool IsPositive => Text is ['2' or '3', ..];

    /// <param name="text">Lines with their codes, joined by a line feed: <c>550-5.1.1 No\n550 5.1.1 such user</c>.</param>
    public static Response Say(string text) => new(text, TimeSpan.Zero, false);

    /// <summary>Says it and ends the connection.</summary>
    public static Response SayAndClose(string text) => new(text, TimeSpan.Zero, true);

    /// <summary>Keeps silent for a while, then ends the connection.</summary>
    public static Response Stall(TimeSpan silence) => new(null, silence, true);

    public Response Late(TimeSpan after) => this with { After = after };
}
