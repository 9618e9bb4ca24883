using System.Text.Json;
using System.Text.Json.Serialization;
using Waybill.Engine.Recording;
using Waybill.Engine.Spooling;

namespace Waybill.Storage.Schema;

/// <summary>The JSON in which facts of many fields are stored. The names are part of the stored format.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
    Converters = [typeof(DialogueLineConverter)])]
[JsonSerializable(typeof(Attempt))]
[JsonSerializable(typeof(SubmissionFacts))]
internal sealed partial class StoredJson : JsonSerializerContext;

/// <summary>Writes a line of dialogue as <c>[milliseconds, speaker, text]</c>: there are a dozen in every attempt.</summary>
internal sealed class DialogueLineConverter : JsonConverter<DialogueLine>
{
    public override DialogueLine Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        reader.Read();
        var milliseconds = reader.GetInt32();
        reader.Read();
        var speaker = (Speaker)reader.GetByte();
        reader.Read();
        var text = reader.GetString() ?? "";
        reader.Read();
        return new DialogueLine(milliseconds, speaker, text);
    }

    public override void Write(Utf8JsonWriter writer, DialogueLine value, JsonSerializerOptions options)
    {
        writer.WriteStartArray();
        writer.WriteNumberValue(value.Milliseconds);
        writer.WriteNumberValue((byte)value.Speaker);
        writer.WriteStringValue(value.Text);
        writer.WriteEndArray();
    }
}
