using System.Globalization;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Waybill.EndToEnd.Harness;
using Waybill.Peers.Smtp;

namespace Waybill.EndToEnd.RealPeers;

/// <summary>A Postfix of a test's own, which takes mail for postfix.example into a maildir. The system's Postfix, if one runs, is not touched.</summary>
internal sealed class PostfixHost : IAsyncDisposable
{
    private readonly string _postfix;
    private readonly TempDirectory _directory;

    private PostfixHost(string postfix, TempDirectory directory, IPEndPoint endpoint) => (_postfix, _directory, EndPoint) = (postfix, directory, endpoint);

    public IPEndPoint EndPoint { get; }

    public string Log => File.Exists(_directory["maillog"]) ? File.ReadAllText(_directory["maillog"]) : "";

    /// <summary>The messages in the maildir.</summary>
    public IReadOnlyList<byte[]> Mail => Directory.Exists(_directory["mail/inbox/new"])
        ? [.. Directory.EnumerateFiles(_directory["mail/inbox/new"]).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)]
        : [];

    /// <summary>Starts it; the test is skipped where there is none.</summary>
    public static async Task<PostfixHost> StartAsync()
    {
        var postfix = Tool.Need("postfix");
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root: Postfix changes to users of its own");
        var host = new PostfixHost(postfix, new TempDirectory(), Listening.FreePort());
        try
        {
            await host.ConfigureAsync();
            var start = await Tool.RunAsync(postfix, ["-c", host._directory["conf"], "start"]);
            Assert.True(start.ExitCode == 0, start.ToString() + host.Log);
            await Listening.AtAsync(host.EndPoint);
            return host;
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Tool.RunAsync(_postfix, ["-c", _directory["conf"], "stop"]);
        _directory.Dispose();
    }

    private async Task ConfigureAsync()
    {
        // Its processes run as several users, which all must get here.
        await Tool.RunAsync("chmod", ["711", _directory.Path]);
        foreach (var name in new[] { "conf", "spool", "data", "mail" })
        {
            Directory.CreateDirectory(_directory[name]);
        }

        await Tool.RunAsync("chown", ["postfix", _directory["data"]]);
        await Tool.RunAsync("chown", ["nobody", _directory["mail"]]);
        var owner = int.Parse((await Tool.RunAsync("id", ["-u", "nobody"])).Output, CultureInfo.InvariantCulture);
        var group = int.Parse((await Tool.RunAsync("id", ["-g", "nobody"])).Output, CultureInfo.InvariantCulture);
        var daemons = (await Tool.RunAsync(Tool.Need("postconf"), ["-d", "-h", "daemon_directory"])).Output.Trim();
        await WriteCertificateAsync();
        await File.WriteAllTextAsync(_directory["conf/main.cf"], Main(daemons, owner, group));
        await File.WriteAllTextAsync(_directory["conf/master.cf"], Master());
    }

    private async Task WriteCertificateAsync()
    {
        using var certificate = PeerCertificate.SelfSigned("mx.postfix.example", TimeProvider.System);
        using var key = certificate.GetECDsaPrivateKey()!;
        await File.WriteAllTextAsync(_directory["conf/tls.pem"], key.ExportPkcs8PrivateKeyPem() + "\n" + certificate.ExportCertificatePem() + "\n");
    }

    private string Main(string daemons, int owner, int group) => $$"""
        compatibility_level = 3.7
        queue_directory = {{_directory["spool"]}}
        data_directory = {{_directory["data"]}}
        daemon_directory = {{daemons}}
        myhostname = mx.postfix.example
        mydestination =
        mynetworks =
        inet_interfaces = 127.0.0.1
        inet_protocols = ipv4
        smtpd_relay_restrictions = reject_unauth_destination
        smtpd_tls_chain_files = {{_directory["conf/tls.pem"]}}
        smtpd_tls_security_level = may
        smtputf8_enable = yes
        strict_smtputf8 = yes
        virtual_mailbox_domains = postfix.example
        virtual_mailbox_base = {{_directory["mail"]}}
        virtual_mailbox_maps = inline:{anna@postfix.example=inbox/, ben@postfix.example=inbox/, jörg@postfix.example=inbox/}
        virtual_uid_maps = static:{{owner}}
        virtual_gid_maps = static:{{group}}
        virtual_minimum_uid = 100
        virtual_mailbox_limit = 0
        message_size_limit = 30000000
        alias_maps =
        alias_database =
        local_recipient_maps =
        maillog_file = {{_directory["maillog"]}}
        maillog_file_prefixes = {{_directory.Path}}

        """;

    private string Master() => $"""
        127.0.0.1:{EndPoint.Port} inet n - n - - smtpd
        pickup    unix n - n 60 1 pickup
        cleanup   unix n - n - 0 cleanup
        qmgr      unix n - n 300 1 qmgr
        tlsmgr    unix - - n 1000? 1 tlsmgr
        rewrite   unix - - n - - trivial-rewrite
        bounce    unix - - n - 0 bounce
        defer     unix - - n - 0 bounce
        trace     unix - - n - 0 bounce
        verify    unix - - n - 1 verify
        flush     unix n - n 1000? 0 flush
        proxymap  unix - - n - - proxymap
        smtp      unix - - n - - smtp
        error     unix - - n - - error
        retry     unix - - n - - error
        discard   unix - - n - - discard
        virtual   unix - n n - - virtual
        anvil     unix - - n - 1 anvil
        postlog   unix-dgram n - n - 1 postlogd

        """;
}
