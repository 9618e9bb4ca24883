using System.Security.Cryptography;

namespace Waybill.Engine.Operating.Credentials;

/// <summary>Passwords that a machine made: 24 characters, 119 bits, easy to copy and to read out.</summary>
public static class GeneratedPassword
{
    // No 0, o, 1, l, i: they are mistaken for each other on paper.
    private const string Letters = "abcdefghjkmnpqrstuvwxyz23456789";

    public static string Next() => RandomNumberGenerator.GetString(Letters, 24);
}
