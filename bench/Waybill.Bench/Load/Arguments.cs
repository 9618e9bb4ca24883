using System.Globalization;
using System.Net;

namespace Waybill.Bench.Load;

/// <summary>A fault in how a verb was called; its message is for the caller.</summary>
internal sealed class UsageException(string message) : Exception(message);

/// <summary>The words after a verb: what stands alone, and <c>--name value</c> pairs.</summary>
internal sealed class Arguments
{
    private readonly List<string> _alone = [];
    private readonly Dictionary<string, string> _named = [];

    /// <param name="known">The names that may occur, without dashes.</param>
    /// <exception cref="UsageException">A name is not known or lacks its value.</exception>
    public Arguments(ReadOnlySpan<string> words, params string[] known)
    {
        for (var i = 0; i < words.Length; i++)
        {
            if (!words[i].StartsWith("--", StringComparison.Ordinal))
            {
                _alone.Add(words[i]);
                continue;
            }

            var name = words[i][2..];
            if (!known.Contains(name))
            {
                throw new UsageException($"There is no option --{name} here.");
            }

            _named[name] = ++i < words.Length ? words[i] : throw new UsageException($"--{name} wants a value.");
        }
    }

    public string Alone(int index, string what) =>
        index < _alone.Count ? _alone[index] : throw new UsageException($"Missing: {what}.");

    public string Text(string name, string otherwise) => _named.GetValueOrDefault(name, otherwise);

    /// <summary>A whole number within bounds.</summary>
    public int Number(string name, int otherwise, int least, int most) =>
        !_named.TryGetValue(name, out var text) ? otherwise
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most ? number
        : throw new UsageException($"--{name} wants a number from {least} to {most}.");

    /// <summary>An IPv4 loopback address and port: load never leaves the machine.</summary>
    public IPEndPoint Loopback(int index, string what) =>
        IPEndPoint.TryParse(Alone(index, what), out var endPoint) && endPoint.Port > 0 && endPoint.Address.GetAddressBytes() is [127, _, _, _]
            ? endPoint
            : throw new UsageException($"{what} wants 127.x.y.z:PORT.");
}
