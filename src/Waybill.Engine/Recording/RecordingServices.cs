using Microsoft.Extensions.DependencyInjection;

namespace Waybill.Engine.Recording;

public static class RecordingServices
{
    /// <summary>The live view of what was recorded.</summary>
    public static IServiceCollection AddRecording(this IServiceCollection services) => services.AddSingleton<LiveFeed>();
}
