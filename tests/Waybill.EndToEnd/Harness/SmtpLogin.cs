namespace Waybill.EndToEnd.Harness;

/// <summary>A name and a password that submit.</summary>
internal sealed record SmtpLogin(string Name, string Password)
{
    /// <summary>Makes an SMTP user as an operator does.</summary>
    public static async Task<SmtpLogin> AddAsync(string dataDirectory, string name)
    {
        var run = await WaybillCommand.RunAsync("smtp-user", "add", name, "--data", dataDirectory);
        Assert.True(run.ExitCode == 0, run.ToString());
        const string Before = "with the password ";
        var from = run.Output.IndexOf(Before, StringComparison.Ordinal) + Before.Length;
        return new SmtpLogin(name, run.Output[from..run.Output.IndexOf(' ', from)]);
    }

    /// <summary>The response of AUTH PLAIN.</summary>
    public string Plain => Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes($"\0{Name}\0{Password}"));
}
