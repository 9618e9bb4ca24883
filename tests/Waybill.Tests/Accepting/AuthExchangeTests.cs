using System.Text;
using Waybill.Engine.Accepting;

namespace Waybill.Tests.Accepting;

public sealed class AuthExchangeTests
{
    [Fact]
    public void Plain_with_an_initial_response_needs_no_further_word()
    {
        var exchange = new AuthExchange("PLAIN");

        Assert.True(exchange.Take(Base64("\0user\0secret"))); // RFC 4616 §2
        Assert.Equal(("user", "secret"), exchange.Credentials);
    }

    [Fact]
    public void Login_asks_for_name_and_password_in_turn()
    {
        var exchange = new AuthExchange("LOGIN");

        Assert.True(exchange.Take(null));
        Assert.Equal("VXNlcm5hbWU6", exchange.Challenge);
        Assert.True(exchange.Take(Base64("user")));
        Assert.Equal("UGFzc3dvcmQ6", exchange.Challenge);
        Assert.True(exchange.Take(Base64("secret")));
        Assert.Equal(("user", "secret"), exchange.Credentials);
    }

    [Theory]
    [InlineData("not base64!")]
    [InlineData("dXNlcg==")] // "user": one part in the place of three.
    public void What_is_not_of_the_right_form_is_refused(string response) => Assert.False(new AuthExchange("PLAIN").Take(response));

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
