namespace Waybill.Peers.Internet;

/// <summary>Chance for the ids of the doubles; any thread may ask. With a seed it repeats itself.</summary>
public sealed class PeerChance(int? seed = null)
{
    private const string Letters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

    private readonly Random _random = seed is { } s ? new Random(s) : new Random();
    private readonly Lock _lock = new();

    public string Digits(int length) => Pick(length, 0, 10);

    public string LowerHex(int length) => Pick(length, 0, 16);

    public string UpperHex(int length) => LowerHex(length).ToUpperInvariant();

    public string LowerBase36(int length) => Pick(length, 0, 36);

    public string Base62(int length) => Pick(length, 0, 62);

    /// <summary>A number from <paramref name="least"/> to <paramref name="most"/>, both included.</summary>
    public int Between(int least, int most)
    {
        lock (_lock)
        {
            return _random.Next(least, most + 1);
        }
    }

    public double Fraction()
    {
        lock (_lock)
        {
            return _random.NextDouble();
        }
    }

    private string Pick(int length, int from, int to)
    {
        lock (_lock)
        {
            return string.Create(length, (_random, from, to), static (text, x) =>
            {
                foreach (ref var c in text)
                {
                    c = Letters[x._random.Next(x.from, x.to)];
                }
            });
        }
    }
}
