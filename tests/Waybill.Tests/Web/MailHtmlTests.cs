using AngleSharp.Html.Parser;
using Waybill.Web.Ui.Mail;

namespace Waybill.Tests.Web;

public sealed class MailHtmlTests
{
    private static readonly Dictionary<string, string> None = [];

    [Theory]
    [InlineData("<script>alert(1)</script>")]
    [InlineData("<img src=x onerror=alert(1)>")]
    [InlineData("<svg onload=alert(1)><script>alert(1)</script></svg>")]
    [InlineData("<a href=\"javascript:alert(1)\">x</a>")]
    [InlineData("<iframe src=\"https://elsewhere.example\"></iframe>")]
    [InlineData("<form action=\"https://elsewhere.example\"><input name=a><button>b</button></form>")]
    [InlineData("<meta http-equiv=refresh content=\"0;url=https://elsewhere.example\">")]
    [InlineData("<base href=\"https://elsewhere.example\">")]
    [InlineData("<link rel=stylesheet href=\"https://elsewhere.example/a.css\">")]
    [InlineData("<object data=\"https://elsewhere.example\"></object><embed src=\"https://elsewhere.example\">")]
    [InlineData("<p style=\"background:url(https://elsewhere.example/a.png)\">x</p>")]
    [InlineData("<style>@import url(https://elsewhere.example/a.css); p{background:url(https://elsewhere.example/b.png)}</style>")]
    [InlineData("<img srcset=\"https://elsewhere.example/a.png 2x\">")]
    [InlineData("<table background=\"https://elsewhere.example/a.png\"></table>")]
    [InlineData("<video src=\"https://elsewhere.example\" poster=\"https://elsewhere.example\"></video>")]
    [InlineData("<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\"></noscript>")]
    [InlineData("<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert(1)&gt;\">")]
    public void Nothing_runs_and_nothing_is_fetched(string html)
    {
        var body = new HtmlParser().ParseDocument(Body(html)).Body!;

        Assert.Empty(body.QuerySelectorAll("script, iframe, form, input, button, meta, base, link, object, embed, svg, math, video"));
        Assert.DoesNotContain(body.QuerySelectorAll("*").SelectMany(element => element.Attributes), attribute =>
            attribute.Name.StartsWith("on", StringComparison.OrdinalIgnoreCase) || attribute.Value.Contains("javascript:", StringComparison.OrdinalIgnoreCase));
        Assert.DoesNotContain("elsewhere.example", body.InnerHtml, StringComparison.Ordinal);
    }

    [Fact]
    public void What_the_author_meant_stays()
    {
        var body = Body("<table><tr><td style=\"color:red;padding:4px\"><b>Hello</b> <a href=\"https://shop.example\">shop</a></td></tr></table>");

        Assert.Contains("<b>Hello</b>", body, StringComparison.Ordinal);
        Assert.Contains("padding: 4px", body, StringComparison.Ordinal);
        Assert.Contains("<a>shop</a>", body, StringComparison.Ordinal);
    }

    [Fact]
    public void A_picture_of_the_mail_itself_is_shown_and_one_from_elsewhere_is_counted()
    {
        var pictures = new Dictionary<string, string> { ["logo@shop"] = "data:image/png;base64,AAAA" };

        var shown = MailHtml.Clean("<img src=\"cid:logo@shop\"><img src=\"https://elsewhere.example/pixel.gif\">", pictures);

        Assert.Contains("src=\"data:image/png;base64,AAAA\"", shown.Document, StringComparison.Ordinal);
        Assert.Equal(1, shown.LeftOut);
    }

    [Fact]
    public void A_drawing_that_could_carry_scripts_is_no_picture()
    {
        Assert.DoesNotContain("svg", Body("<img src=\"data:image/svg+xml;base64,AAAA\">"), StringComparison.Ordinal);
    }

    private static string Body(string html)
    {
        var document = MailHtml.Clean(html, None).Document;
        return document[document.IndexOf("<body>", StringComparison.Ordinal)..];
    }
}
