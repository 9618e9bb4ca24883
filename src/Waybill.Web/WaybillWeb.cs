using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using MudBlazor.Services;
using Waybill.Engine.Operating.People;
using Waybill.Engine.Recording;
using Waybill.Web.Access;
using Waybill.Web.Ui;
using Waybill.Web.Ui.Pages.Activity;
using Waybill.Web.Ui.Pages.Message;
using Waybill.Web.Ui.Pages.Simulator;

namespace Waybill.Web;

/// <summary>The web face. It asks the engine's ports, which the host registers together with a control plane.</summary>
public static class WaybillWeb
{
    public static IServiceCollection AddWaybillWeb(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<LiveFeed>();
        services.AddSingleton<Assets>();
        services.AddSingleton<CurrentAccount>();

        services.AddRazorComponents().AddInteractiveServerComponents();
        services.AddMudServices();
        services.AddCascadingAuthenticationState();
        services.AddScoped<AuthenticationStateProvider, SessionCheck>();

        services.AddAuthentication(IdentityConstants.ApplicationScheme).AddIdentityCookies();
        services.AddAuthorization();
        services.AddIdentityCore<Person>().AddSignInManager();
        services.AddScoped<SignIn>();
        services.Configure<SecurityStampValidatorOptions>(options => options.ValidationInterval = TimeSpan.FromMinutes(2));
        services.ConfigureApplicationCookie(cookie =>
        {
            cookie.LoginPath = "/sign-in";
            cookie.ReturnUrlParameter = "back";
            cookie.Cookie.Name = "waybill";
            cookie.Cookie.HttpOnly = true;
            cookie.Cookie.SameSite = SameSiteMode.Lax;
            // A first look on loopback has no TLS; behind TLS the cookie never leaves it.
            cookie.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
            cookie.ExpireTimeSpan = TimeSpan.FromDays(14);
        });
        services.AddAntiforgery(options => options.Cookie.Name = "waybill-form");
        return services;
    }

    /// <summary>Maps the pages. Everything but the sign-in page and the assets asks for a signed-in person.</summary>
    public static WebApplication MapWaybillWeb(this WebApplication app)
    {
        app.UseWhen(http => !http.Request.Path.StartsWithSegments("/api"), pages => pages.Use(SecurityHeaders.AddAsync));
        app.UseAuthentication();
        app.UseAuthorization();
        app.UseAntiforgery();

        app.Services.GetRequiredService<Assets>().Map(app);
        SignOutEndpoint.Map(app);
        ActivityCsv.Map(app);
        MessageContentEndpoints.Map(app);
        CaughtContentEndpoints.Map(app);

        // Our own policy says who may frame a page; the framework's would be a second, weaker one.
        app.MapRazorComponents<App>()
            .AddInteractiveServerRenderMode(options => options.ContentSecurityFrameAncestorsPolicy = null)
            .RequireAuthorization();
        return app;
    }
}
