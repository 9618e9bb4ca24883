using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Routing;
using Microsoft.Extensions.Logging;
using Microsoft.JSInterop;
using Waybill.Engine.Recording;
using Waybill.Mail.Messages;
using Waybill.Web.Access;
using Waybill.Web.Ui.Live;

namespace Waybill.Web.Ui.Pages.Activity;

/// <summary>Recipients, newest first. The address is the only state: it can be sent to a colleague.</summary>
public sealed partial class ActivityPage(
    ITimeline timeline, LiveFeed feed, CurrentAccount account, NavigationManager navigation, IJSRuntime js, TimeProvider clock) : ComponentBase
{
    private const int PageRows = 100;

    private static readonly TimeSpan RefreshEvery = TimeSpan.FromMilliseconds(500);

    private ActivityFilter _filter = new();
    private IReadOnlyList<ActivityRow>? _rows;
    private RecipientId? _next;
    private HashSet<RecipientId> _arrived = [];
    private int _waiting;
    private bool _atTop = true;
    private CancellationTokenSource _loading = new();
    private LivePulse? _pulse;
    private DotNetObjectReference<ActivityPage>? _self;

    [Inject]
    private ILogger<ActivityPage> Logger { get; set; } = null!;

    protected override async Task OnInitializedAsync()
    {
        _filter = FilterOf(navigation.Uri);
        if (!RendererInfo.IsInteractive)
        {
            // The first frame shows where things will stand; the rows come with the circuit, and are asked for once.
            return;
        }

        navigation.LocationChanged += AddressChanged;
        _pulse = new LivePulse(feed, Concerns, RefreshEvery, clock, Logger, () => InvokeAsync(RefreshAsync));
        await LoadAsync();
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (firstRender)
        {
            _self = DotNetObjectReference.Create(this);
            _atTop = await js.InvokeAsync<bool>("waybill.watchTop", _self);
        }
    }

    /// <summary>Told by the browser when the reader leaves the top or comes back to it.</summary>
    [JSInvokable]
    public async Task ScrolledToTop(bool atTop)
    {
        _atTop = atTop;
        if (atTop && _waiting > 0)
        {
            await RefreshAsync();
            StateHasChanged();
        }
    }

    public async ValueTask DisposeAsync()
    {
        navigation.LocationChanged -= AddressChanged;
        if (_pulse is not null)
        {
            await _pulse.DisposeAsync();
        }

        await _loading.CancelAsync();
        _loading.Dispose();
        _self?.Dispose();
    }

    private static ActivityFilter FilterOf(string address) => ActivityFilter.Parse(new Uri(address).Query);

    // Read on the writer's thread: a torn read costs one refresh at most.
    private bool Concerns(LiveChange change) => change.AccountId == account.Id && _filter.IsNewestPage;

    private async void AddressChanged(object? sender, LocationChangedEventArgs e)
    {
        if (new Uri(e.Location).AbsolutePath != ActivityFilter.Path)
        {
            return;
        }

        try
        {
            await InvokeAsync(async () =>
            {
                _filter = FilterOf(e.Location);
                await LoadAsync();
            });
        }
        catch (Exception fault)
        {
            // Nobody awaits an event's listener: the page's error boundary takes it.
            await DispatchExceptionAsync(fault);
        }
    }

    private async Task LoadAsync()
    {
        await _loading.CancelAsync();
        _loading.Dispose();
        _loading = new CancellationTokenSource();
        (_rows, _next, _waiting, _arrived) = (null, null, 0, []);
        StateHasChanged();
        try
        {
            (_rows, _next) = await SearchAsync(_loading.Token);
        }
        catch (OperationCanceledException)
        {
            // Another filter was chosen meanwhile; its own load follows.
            return;
        }

        StateHasChanged();
    }

    private async Task RefreshAsync()
    {
        if (_rows is not { } shown)
        {
            return;
        }

        var filter = _filter;
        IReadOnlyList<ActivityRow> fresh;
        RecipientId? next;
        try
        {
            (fresh, next) = await SearchAsync(_loading.Token);
        }
        catch (OperationCanceledException)
        {
            return;
        }

        if (filter != _filter)
        {
            return;
        }

        var known = shown.Select(row => row.Id).ToHashSet();
        var newer = fresh.TakeWhile(row => !known.Contains(row.Id)).Count();
        if (_atTop)
        {
            _arrived = [.. fresh.Where(row => !known.Contains(row.Id) && known.Count > 0).Select(row => row.Id)];
            (_rows, _next, _waiting) = (fresh, next, 0);
        }
        else
        {
            // The reader is looking at these rows: they change in place and stay where they are.
            var byId = fresh.ToDictionary(row => row.Id);
            _rows = [.. shown.Select(row => byId.GetValueOrDefault(row.Id, row))];
            _waiting = newer;
        }

        StateHasChanged();
    }

    private async Task ShowNewerAsync()
    {
        _atTop = true;
        await RefreshAsync();
        await js.InvokeVoidAsync("waybill.toTop");
    }

    private async Task<(IReadOnlyList<ActivityRow> Rows, RecipientId? Next)> SearchAsync(CancellationToken cancellationToken)
    {
        if (_filter.ToActivityQuery(account.Id, clock.GetUtcNow(), PageRows) is not { } query)
        {
            return ([], null);
        }

        var page = await timeline.SearchAsync(query, cancellationToken);
        return (page.Rows, page.Next);
    }
}
