using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Waybill.Engine.Operating.Retention;

/// <summary>How long mail and its timeline are kept. Section <c>Waybill:Retention</c>.</summary>
/// <remarks>Days are those of acceptance, in UTC, and go whole. What somebody still waits for is kept whatever its age.</remarks>
public sealed class RetentionOptions : IValidatableObject
{
    public const string Section = "Waybill:Retention";

    /// <summary>Days that the octets of messages are kept. Default 7: as long as anybody asks to see a mail again.</summary>
    [Range(1, 3_650)]
    public int ContentDays { get; set; } = 7;

    /// <summary>Days that timelines are kept. Default 90.</summary>
    [Range(1, 3_650)]
    public int TimelineDays { get; set; } = 90;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (ContentDays > TimelineDays)
        {
            yield return new ValidationResult(
                $"ContentDays ({ContentDays}) is more than TimelineDays ({TimelineDays}): nobody could find the content of a message whose timeline is gone.", [nameof(ContentDays)]);
        }
    }
}

[OptionsValidator]
public sealed partial class RetentionOptionsValidator : IValidateOptions<RetentionOptions>;
