namespace Waybill.Engine.Recording;

/// <summary>What happened to a recipient's mail. The numbers are stored: never reuse one.</summary>
public enum EventKind : short
{
    /// <summary>We took responsibility.</summary>
    Processed = 1,

    /// <summary>The next hop took responsibility; Info is its confirmation reply, word for word.</summary>
    Delivered = 2,

    /// <summary>An attempt did not succeed and another will follow.</summary>
    Deferred = 3,

    /// <summary>Given up after a failure that may be temporary, or for the receiver's policy.</summary>
    SoftBounced = 4,

    /// <summary>Refused for good: the address or its domain does not take mail.</summary>
    HardBounced = 5,

    /// <summary>We refused to take or send it.</summary>
    Rejected = 6,

    /// <summary>The connection broke after the final dot: the peer may or may not have it.</summary>
    OutcomeUnknown = 7,

    /// <summary>A person gave the delivery up.</summary>
    Cancelled = 8,

    /// <summary>A person asked for the next attempt now.</summary>
    RetryRequested = 9,
}

/// <summary>Where a recipient stands, derived from its events. The numbers are stored: never reuse one.</summary>
public enum RecipientStatus : short
{
    /// <summary>Waiting for its first or next attempt.</summary>
    Processed = 0,
    Delivered = 1,
    SoftBounced = 2,
    HardBounced = 3,
    Rejected = 4,
    Cancelled = 5,
}
