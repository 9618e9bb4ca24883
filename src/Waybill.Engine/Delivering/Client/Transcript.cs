using Waybill.Engine.Recording;

namespace Waybill.Engine.Delivering.Client;

/// <summary>Takes down a dialogue with its times. Its list is reused from message to message.</summary>
internal sealed class Transcript(TimeProvider clock)
{
    private readonly List<Line> _lines = new(32);
    private int _opening;

    public void Note(string text) => _lines.Add(new Line(clock.GetTimestamp(), Speaker.Note, text));

    public void Client(string text) => _lines.Add(new Line(clock.GetTimestamp(), Speaker.Client, text));

    public void Server(string text) => _lines.Add(new Line(clock.GetTimestamp(), Speaker.Server, text));

    /// <summary>What stands here now is the connection's opening, and comes before every message it carries.</summary>
    public void KeepAsOpening() => _opening = _lines.Count;

    /// <summary>Forgets the last message.</summary>
    public void BackToOpening() => _lines.RemoveRange(_opening, _lines.Count - _opening);

    /// <summary>The lines with their distance from the attempt's begin, which is negative for an opening that others used before.</summary>
    public DialogueLine[] Since(long begin)
    {
        var perMillisecond = clock.TimestampFrequency / 1000.0;
        var result = new DialogueLine[_lines.Count];
        for (var i = 0; i < result.Length; i++)
        {
            var line = _lines[i];
            result[i] = new DialogueLine((int)Math.Clamp((line.At - begin) / perMillisecond, int.MinValue, int.MaxValue), line.Speaker, line.Text);
        }

        return result;
    }

    private readonly record struct Line(long At, Speaker Speaker, string Text);
}
