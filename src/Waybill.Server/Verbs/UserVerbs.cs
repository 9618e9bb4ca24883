using System.CommandLine;
using Waybill.Server.Control;

namespace Waybill.Server.Verbs;

/// <summary><c>waybill user</c> and <c>waybill smtp-user</c>: who signs in, and who submits.</summary>
internal static class UserVerbs
{
    public static Command CreateUser()
    {
        var data = Data();
        var email = new Argument<string>("email") { Description = "The person's address" };
        return new Command("user", "People who sign in to the pages")
        {
            data,
            Order("add", "Add a person, or give one a new password", data, "user", email),
            Order("list", "List them", data, "user"),
            Order("remove", "Remove a person", data, "user", email),
        };
    }

    public static Command CreateSmtpUser()
    {
        var data = Data();
        var name = new Argument<string>("name") { Description = "The user's name" };
        var description = new Option<string>("--description") { Description = "What it is for", DefaultValueFactory = _ => "" };
        var add = new Command("add", "Add an SMTP user, or give one a new password") { name, description };
        add.SetAction((parsed, cancellationToken) => ControlClient.OrderAsync(
            parsed.GetValue(data)!, ["smtp-user", "add", parsed.GetValue(name)!, parsed.GetValue(description)!], cancellationToken));
        return new Command("smtp-user", "Names and passwords that submit mail")
        {
            data,
            add,
            Order("list", "List them", data, "smtp-user"),
            Order("remove", "Remove one", data, "smtp-user", name),
        };
    }

    private static Option<string> Data() =>
        new("--data") { Description = "The server's data directory", DefaultValueFactory = _ => "data", Recursive = true };

    private static Command Order(string name, string description, Option<string> data, string group, Argument<string>? subject = null)
    {
        var command = new Command(name, description);
        if (subject is not null)
        {
            command.Arguments.Add(subject);
        }

        command.SetAction((parsed, cancellationToken) => ControlClient.OrderAsync(
            parsed.GetValue(data)!,
            subject is null ? [group, name] : [group, name, parsed.GetValue(subject)!],
            cancellationToken));
        return command;
    }
}
