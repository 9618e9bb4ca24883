using Waybill.Engine.Delivering.Client;
using Waybill.Engine.Recording;

namespace Waybill.Tests.Delivering;

public class OpportunisticTlsTests
{
    [Fact]
    public async Task TLS_is_used_where_it_is_offered_and_its_facts_are_kept() // RFC 3207, RFC 7435
    {
        await using var peer = new ScriptedPeer(ScriptedPeer.Accepting("PIPELINING", "STARTTLS"));

        var record = await Given.DeliverAsync(peer, Given.To("a@two.example"));

        Assert.Equal(EventKind.Delivered, record.Outcomes[0].Kind);
        var tls = record.Attempt.Tls!;
        Assert.StartsWith("TLS 1.", tls.Version, StringComparison.Ordinal);
        Assert.StartsWith("TLS_", tls.Cipher, StringComparison.Ordinal);
        Assert.Equal(("CN=mx.elsewhere.example", "CN=mx.elsewhere.example", 2099, 64), (tls.CertificateSubject, tls.CertificateIssuer, tls.NotAfter!.Value.Year, tls.Sha256Fingerprint.Length));
        Assert.Contains("does not name the host", tls.CertificateProblem, StringComparison.Ordinal);
        Assert.Equal(2, peer.Journal.Count(line => line.StartsWith("EHLO", StringComparison.Ordinal))); // RFC 3207 §4.2
    }

    [Fact]
    public async Task A_broken_handshake_is_tried_once_more_in_clear_and_noted()
    {
        await using var peer = new ScriptedPeer(
            async session =>
            {
                await session.SayAsync("220 mx.example");
                await session.HearAsync();
                await session.SayAsync("250-mx.example\n250 STARTTLS");
                await session.HearAsync();
                await session.SayAsync("220 go on");
                await session.SayAsync("this is not TLS at all, and never will be");
            },
            ScriptedPeer.Accepting("STARTTLS"));

        var record = await Given.DeliverAsync(peer, Given.To("a@two.example"));

        Assert.Equal(EventKind.Delivered, record.Outcomes[0].Kind);
        Assert.Null(record.Attempt.Tls);
        Assert.Equal(2, peer.Connections);
        Assert.Contains("Note: TLS failed: ", Given.Said(record), StringComparison.Ordinal);
        Assert.Contains("Note: TLS is not required of this host: connecting again without it", Given.Said(record), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refused_STARTTLS_goes_on_in_clear() // RFC 3207 §4
    {
        await using var peer = new ScriptedPeer(session =>
        {
            session.Answers["STARTTLS"] = "454 4.7.0 TLS not available";
            return ScriptedPeer.Accepting("STARTTLS")(session);
        });

        var record = await Given.DeliverAsync(peer, Given.To("a@two.example"));

        Assert.Equal((EventKind.Delivered, 1), (record.Outcomes[0].Kind, peer.Connections));
        Assert.Contains("Note: STARTTLS was refused: going on in clear", Given.Said(record), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(TlsPolicy.Require)]
    [InlineData(TlsPolicy.RequireValid)]
    public async Task Where_TLS_is_required_nothing_goes_in_clear(TlsPolicy policy)
    {
        await using var peer = new ScriptedPeer(ScriptedPeer.Accepting("PIPELINING"));

        var attempt = await Given.FailToOpenAsync(Given.Route(peer.Port), new SmtpClientOptions { Tls = policy });

        Assert.Equal((EventKind.Deferred, "4.7.5"), (attempt.Verdict.Kind, attempt.Verdict.Status!.ToString()));
        Assert.DoesNotContain(peer.Journal, line => line.StartsWith("MAIL", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Where_a_valid_certificate_is_required_another_is_not_taken_and_the_reason_is_told()
    {
        await using var peer = new ScriptedPeer(ScriptedPeer.Accepting("STARTTLS"));

        var attempt = await Given.FailToOpenAsync(Given.Route(peer.Port), new SmtpClientOptions { Tls = TlsPolicy.RequireValid });

        Assert.Contains("does not name the host", attempt.Verdict.Info, StringComparison.Ordinal);
        Assert.Equal(1, peer.Connections);
    }

    [Fact]
    public async Task Replies_smuggled_in_before_TLS_began_are_not_believed() // CVE-2011-0411
    {
        await using var peer = new ScriptedPeer(
            async session =>
            {
                await session.SayAsync("220 mx.example");
                await session.HearAsync();
                await session.SayAsync("250-mx.example\n250 STARTTLS");
                await session.HearAsync();
                await session.SayAsync("220 go on\n250 injected");
            },
            ScriptedPeer.Accepting());

        var record = await Given.DeliverAsync(peer, Given.To("a@two.example"));

        Assert.Contains("the peer sent more than its reply to STARTTLS before TLS began", Given.Said(record), StringComparison.Ordinal);
        Assert.DoesNotContain("injected", Given.Said(record), StringComparison.Ordinal);
    }
}
