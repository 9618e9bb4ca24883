using CsCheck;
using Waybill.Engine.Routing;
using Waybill.Mail.Dns;

namespace Waybill.Tests.Routing;

public class MxSelectionTests
{
    [Fact]
    public void Better_hosts_come_first_and_none_is_lost() => // RFC 5321 §5.1
        Gen.Select(Gen.Int[0, 3].List[1, 10], Gen.Int).Sample((preferences, seed) =>
        {
            var hosts = preferences.Select((preference, i) => new MxHost($"mx{i}", preference, 25, [])).ToList();

            var order = MxSelection.InOrderOfTrial(hosts, new Random(seed));

            Assert.Equal(preferences.Order(), order.Select(host => host.Preference));
            Assert.Equal(hosts.ToHashSet(), order.ToHashSet());
        });

    [Fact]
    public void Equal_hosts_share_the_load()
    {
        var hosts = Enumerable.Range(0, 4).Select(i => new MxHost($"mx{i}", 10, 25, [])).ToList();
        var random = new Random(1);

        var firsts = Enumerable.Range(0, 4000).CountBy(_ => MxSelection.InOrderOfTrial(hosts, random)[0].Name);

        Assert.All(firsts, first => Assert.InRange(first.Value, 850, 1150));
        Assert.Equal(4, firsts.Count());
    }

    [Fact]
    public void A_null_MX_among_others_is_ignored() // RFC 7505 §3
    {
        var choice = MxSelection.Choose("two.example", FakeDns.Found(new MxRecord(0, ""), new MxRecord(10, "mx.example")));

        Assert.Equal("mx.example", Assert.Single(Assert.IsType<MxChoice.Exchangers>(choice).Records).Exchange);
    }

    [Fact]
    public void A_list_without_end_is_cut_at_its_best_exchangers()
    {
        var records = Enumerable.Range(0, 500).Select(i => new MxRecord(500 - i, $"mx{i}.example")).ToArray();

        var chosen = Assert.IsType<MxChoice.Exchangers>(MxSelection.Choose("two.example", FakeDns.Found(records)));

        Assert.Equal((MxSelection.MaxExchangers, 1), (chosen.Records.Count, chosen.Records[0].Preference));
    }
}
