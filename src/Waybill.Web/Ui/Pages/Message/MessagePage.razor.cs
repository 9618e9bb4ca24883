using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.Logging;
using Waybill.Engine.Recording;
using Waybill.Engine.Spooling;
using Waybill.Mail.Messages;
using Waybill.Web.Access;
using Waybill.Web.Ui.Live;
using Waybill.Web.Ui.Mail;

namespace Waybill.Web.Ui.Pages.Message;

/// <summary>One recipient's whole story, kept up to date while it is open.</summary>
public sealed partial class MessagePage(
    ITimeline timeline, IContentStore contents, LiveFeed feed, CurrentAccount account, TimeProvider clock, ILogger<MessagePage> logger) : ComponentBase
{
    private static readonly TimeSpan RefreshEvery = TimeSpan.FromMilliseconds(500);

    private readonly CancellationTokenSource _end = new();
    private RecipientId? _recipient;
    private RecipientTimeline? _timeline;
    private MailContent? _content;
    private LivePulse? _pulse;
    private bool _contentGone;
    private bool _loaded;
    private int _shownAtFirst;

    [Parameter]
    public string EmailIdText { get; set; } = "";

    [Parameter]
    public int Place { get; set; }

    [SupplyParameterFromQuery(Name = "tab")]
    private string? Tab { get; set; }

    [SupplyParameterFromQuery(Name = "view")]
    private string? View { get; set; }

    private string Address => $"/message/{EmailIdText}/{Place}";

    protected override async Task OnParametersSetAsync()
    {
        if (!RendererInfo.IsInteractive)
        {
            return;
        }

        RecipientId? asked = EmailId.TryParse(EmailIdText, out var id) ? RecipientId.Of(id, Place) : null;
        if (asked != _recipient || !_loaded)
        {
            (_recipient, _timeline, _content, _contentGone, _loaded) = (asked, null, null, false, false);
            _timeline = asked is { } recipient ? await timeline.FindAsync(account.Id, recipient, _end.Token) : null;
            (_shownAtFirst, _loaded) = (_timeline?.Events.Count ?? 0, true);
            _pulse ??= new LivePulse(feed, change => change.Recipient == _recipient, RefreshEvery, clock, logger, () => InvokeAsync(RefreshAsync));
        }

        if (Tab is "details" or "content" && _content is null && _timeline?.Content is { } reference)
        {
            await ReadContentAsync(reference);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_pulse is not null)
        {
            await _pulse.DisposeAsync();
        }

        await _end.CancelAsync();
        _end.Dispose();
    }

    private async Task RefreshAsync()
    {
        if (_recipient is { } recipient && await timeline.FindAsync(account.Id, recipient, _end.Token) is { } fresh && recipient == _recipient)
        {
            _timeline = fresh;
            StateHasChanged();
        }
    }

    private async Task ReadContentAsync(ContentReference reference)
    {
        try
        {
            using var lease = contents.Open(reference);
            _content = await MailReading.ReadAsync(lease.OpenStream(), lease.LengthOctets, _end.Token);
        }
        catch (ContentGoneException)
        {
            _contentGone = true;
        }
    }
}
