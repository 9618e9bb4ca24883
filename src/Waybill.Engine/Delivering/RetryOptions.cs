using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Waybill.Engine.Delivering;

/// <summary>When a delivery is tried again, and when it is given up.</summary>
public sealed class RetryOptions : IValidatableObject
{
    /// <summary>
    /// Waits after the first, second … failed attempt; the last one repeats. Empty: 1, 5, 15, 30 minutes, 1, 2, 4 hours.
    /// </summary>
    // Empty and not the list itself: configuration adds to an array, it does not replace it.
    public TimeSpan[] Waits { get; set; } = [];

    /// <summary>How far a wait is stretched or shortened by chance, as a share of it. Default 0.2: a crowd that failed together does not come back together.</summary>
    [Range(0.0, 0.9)]
    public double Jitter { get; set; } = 0.2;

    /// <summary>How long after acceptance a message is given up. Default 48 hours.</summary>
    // RFC 5321 §4.5.4.1 says 4 to 5 days; a person who waits for a mail has long asked by then.
    [Range(typeof(TimeSpan), "00:00:10", "30.00:00:00")]
    public TimeSpan Lifetime { get; set; } = TimeSpan.FromHours(48);

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        for (var i = 0; i < Waits.Length; i++)
        {
            if (Waits[i] <= TimeSpan.Zero || (i > 0 && Waits[i] < Waits[i - 1]))
            {
                yield return new ValidationResult("Each wait is longer than nothing and no shorter than the one before it.", [nameof(Waits)]);
                yield break;
            }
        }
    }
}

[OptionsValidator]
public sealed partial class RetryOptionsValidator : IValidateOptions<RetryOptions>;
