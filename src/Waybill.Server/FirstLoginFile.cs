using Waybill.Engine.Operating.People;

namespace Waybill.Server;

/// <summary>Keeps the login that the first start made where only its own user reads it: the password is kept nowhere else.</summary>
internal static class FirstLoginFile
{
    public static string PathIn(string dataDirectory) => Path.Combine(dataDirectory, "first-login.txt");

    public static async Task WriteAsync(string dataDirectory, PersonLogin login, CancellationToken cancellationToken)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        await using var file = new StreamWriter(PathIn(dataDirectory), options);
        await file.WriteAsync($"{login.Email}\n{login.Password}\n".AsMemory(), cancellationToken);
    }
}
