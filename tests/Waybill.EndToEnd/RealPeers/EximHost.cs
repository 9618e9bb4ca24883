using System.Diagnostics;
using System.Net;
using Waybill.EndToEnd.Harness;

namespace Waybill.EndToEnd.RealPeers;

/// <summary>An Exim of a test's own, which takes mail for exim.example into a maildir.</summary>
/// <remarks>Debian's package excludes Postfix's, so eng/test unpacks it beside the build and nothing is installed.</remarks>
internal sealed class EximHost : IAsyncDisposable
{
    private readonly TempDirectory _directory;
    private Process? _process;

    private EximHost(TempDirectory directory, IPEndPoint endpoint) => (_directory, EndPoint) = (directory, endpoint);

    public IPEndPoint EndPoint { get; }

    public string Log => File.Exists(_directory["log/mainlog"]) ? File.ReadAllText(_directory["log/mainlog"]) : "";

    /// <summary>The messages in the maildir.</summary>
    public IReadOnlyList<byte[]> Mail => Directory.Exists(_directory["mail/new"])
        ? [.. Directory.EnumerateFiles(_directory["mail/new"]).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)]
        : [];

    /// <summary>Starts it; the test is skipped where there is none.</summary>
    public static async Task<EximHost> StartAsync()
    {
        var program = new[] { Path.Combine(RepositoryPaths.Tools, "exim", "usr", "sbin", "exim4"), Tool.Find("exim4") }.FirstOrDefault(File.Exists);
        Assert.SkipWhen(program is null, "needs exim4; eng/test unpacks it");
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root: Exim changes to users of its own");
        var version = await Tool.RunAsync(program, ["-C", "/dev/null", "-bV"]);
        Assert.SkipUnless(version.ExitCode == 0, $"exim4 does not run here: {version.Errors.Trim()}; eng/test installs what it needs");
        var host = new EximHost(new TempDirectory(), Listening.FreePort());
        try
        {
            await host.ConfigureAsync(program);
            host._process = Process.Start(new ProcessStartInfo(program, ["-C", host._directory["exim.conf"], "-bdf"]) { RedirectStandardError = true })!;
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
        if (_process is { } process)
        {
            Signals.Send(process.Id, Signals.Term);
            await process.WaitForExitAsync(CancellationToken.None);
            process.Dispose();
        }

        _directory.Dispose();
    }

    private async Task ConfigureAsync(string program)
    {
        await Tool.RunAsync("chmod", ["711", _directory.Path]);
        foreach (var name in new[] { "spool", "log", "mail" })
        {
            Directory.CreateDirectory(_directory[name]);
        }

        await Tool.RunAsync("chown", ["Debian-exim", _directory["spool"], _directory["log"], _directory["mail"]]);
        await File.WriteAllTextAsync(_directory["exim.conf"], Configuration(program));
    }

    private string Configuration(string program) => $$"""
        exim_path = {{program}}
        spool_directory = {{_directory["spool"]}}
        log_file_path = {{_directory["log"]}}/%slog
        primary_hostname = mx.exim.example
        daemon_smtp_ports = {{EndPoint.Port}}
        local_interfaces = 127.0.0.1
        disable_ipv6 = true
        host_lookup =
        tls_advertise_hosts = *
        smtputf8_advertise_hosts = *
        acl_smtp_rcpt = acl_rcpt
        acl_smtp_data = acl_data
        keep_environment =
        deliver_drop_privilege = true
        begin acl
        acl_rcpt:
          deny  !domains = exim.example
                message = relay not permitted
          deny  local_parts = nobody
                message = Unrouteable address
          accept
        acl_data:
          accept
        begin routers
        inbox:
          driver = accept
          transport = maildir
        begin transports
        maildir:
          driver = appendfile
          directory = {{_directory["mail"]}}
          maildir_format
          create_directory

        """;
}
