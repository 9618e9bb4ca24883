using Waybill.Web.Ui.Pages.Activity;

namespace Waybill.Tests.Web;

public sealed class CsvTests
{
    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("a,b", "\"a,b\"")]
    [InlineData("say \"hi\"", "\"say \"\"hi\"\"\"")]
    [InlineData("two\r\nlines", "\"two\r\nlines\"")]
    [InlineData("", "")]
    public void A_field_is_quoted_where_RFC_4180_asks_for_it(string text, string expected) => Assert.Equal(expected, Csv.Field(text));

    [Theory]
    [InlineData("=HYPERLINK(\"http://x\")")]
    [InlineData("+1")]
    [InlineData("-2+3")]
    [InlineData("@SUM(A1)")]
    [InlineData("\t=1")]
    public void A_subject_never_becomes_a_formula(string text) => Assert.StartsWith("'", Csv.Field(text).TrimStart('"'), StringComparison.Ordinal);
}
