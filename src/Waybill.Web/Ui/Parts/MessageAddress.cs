using Waybill.Engine.Recording;

namespace Waybill.Web.Ui.Parts;

/// <summary>Where a recipient's page stands.</summary>
public static class MessageAddress
{
    public static string Of(ActivityRow row) => $"/message/{row.EmailId}/{row.Id.Value - row.EmailId.Value}";
}
