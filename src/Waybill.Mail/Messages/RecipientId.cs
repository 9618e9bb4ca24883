namespace Waybill.Mail.Messages;

/// <summary>One recipient of one message: the message's id plus the recipient's place in the envelope, counted from 0.</summary>
/// <remarks>A message reserves as many values as it has recipients (<see cref="EmailIdSource.Next"/>), so ids of two messages never meet.</remarks>
public readonly record struct RecipientId(long Value) : IComparable<RecipientId>
{
    public static RecipientId Of(EmailId email, int place) => new(email.Value + place);

    public int CompareTo(RecipientId other) => Value.CompareTo(other.Value);
}
