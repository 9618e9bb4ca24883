using Waybill.Engine.Recording;

namespace Waybill.Tests.Recording;

public sealed class TraceTermsTests
{
    [Theory]
    [InlineData("01jd9zq4n8w2c", "01jd9zq4n8w2c")]
    [InlineData("  anna@example.com ", "anna@example.com")]
    [InlineData("250 2.0.0 Ok: queued as 4f7f4b3tWbzKy", "4f7f4b3tWbzKy")]
    [InlineData("250 2.0.0 OK  1763931802 a640c23a62f3a-b6e2d1f7a0bsi2146 - gsmtp", "a640c23a62f3a-b6e2d1f7a0bsi2146")]
    [InlineData("250 2.6.0 <4711@shop.example> [InternalId=72056494525, Hostname=DB9PR.example] Queued mail", "<4711@shop.example>")]
    [InlineData("Hi, our customer jo@contoso.example says nothing came", "jo@contoso.example")]
    public void The_most_telling_term_of_what_was_pasted_comes_first(string pasted, string expected)
    {
        Assert.Equal(expected, TraceTerms.In(pasted)[0]);
    }

    [Fact]
    public void Words_and_status_codes_are_not_looked_for()
    {
        Assert.Empty(TraceTerms.In("550 5.1.1 no such user here"));
        Assert.Empty(TraceTerms.In("   "));
    }

    [Fact]
    public void A_pasted_log_does_not_become_a_flood_of_searches()
    {
        var log = string.Join(' ', Enumerable.Range(100_000, 2_000).Select(number => $"id{number}"));

        Assert.True(TraceTerms.In(log).Count <= 8);
    }
}
