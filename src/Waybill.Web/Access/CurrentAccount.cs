namespace Waybill.Web.Access;

/// <summary>The account whose mail the pages show: every question to the engine is asked for it.</summary>
public sealed class CurrentAccount
{
    public int Id { get; init; } = 1;
}
