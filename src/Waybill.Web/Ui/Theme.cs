using MudBlazor;

namespace Waybill.Web.Ui;

/// <summary>The component library in our colours. The same values stand in waybill.css, where our own parts take them from.</summary>
internal static class Theme
{
    private static readonly string[] Sans =
        ["-apple-system", "Segoe UI", "Roboto", "Helvetica Neue", "Noto Sans", "Liberation Sans", "Arial", "sans-serif"];

    public static readonly MudTheme Waybill = new()
    {
        PaletteLight = new PaletteLight
        {
            Primary = "#0b6472",
            PrimaryContrastText = "#ffffff",
            Background = "#ffffff",
            Surface = "#ffffff",
            TextPrimary = "#15191f",
            TextSecondary = "#545d6a",
            Divider = "#e3e6ea",
            LinesDefault = "#e3e6ea",
            Success = "#15702f",
            Warning = "#865400",
            Error = "#bd2130",
            Info = "#1760b5",
            ActionDefault = "#545d6a",
        },
        PaletteDark = new PaletteDark
        {
            Primary = "#5fc6d4",
            PrimaryContrastText = "#06262b",
            Background = "#12151a",
            Surface = "#1b2027",
            TextPrimary = "#e7eaef",
            TextSecondary = "#a0a9b6",
            Divider = "#272d36",
            LinesDefault = "#272d36",
            Success = "#4fc46f",
            Warning = "#e0ab3c",
            Error = "#ff7f7a",
            Info = "#74b4ff",
            ActionDefault = "#a0a9b6",
        },
        LayoutProperties = new LayoutProperties { DefaultBorderRadius = "6px" },
        Typography = new Typography
        {
            Default = new DefaultTypography { FontFamily = Sans, FontSize = "14px", LineHeight = "1.45", LetterSpacing = "0" },
            Button = new ButtonTypography { FontFamily = Sans, FontSize = "13px", FontWeight = "500", TextTransform = "none", LetterSpacing = "0" },
            H6 = new H6Typography { FontFamily = Sans, FontSize = "16px", FontWeight = "600", LetterSpacing = "0" },
            Body1 = new Body1Typography { FontFamily = Sans, FontSize = "14px", LineHeight = "1.45", LetterSpacing = "0" },
            Body2 = new Body2Typography { FontFamily = Sans, FontSize = "14px", LineHeight = "1.45", LetterSpacing = "0" },
        },
    };
}
