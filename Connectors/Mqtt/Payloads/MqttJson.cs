using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using MobileVlm.Edge.Connectors.Mqtt.AdHoc;

namespace MobileVlm.Edge.Connectors.Mqtt.Payloads;

/// <summary>Payloads as UTF-8 JSON. What these return is a contract with subscribers: names, order and formats only
/// change together with <c>v</c>.</summary>
public static class MqttJson
{
    private static readonly MqttJsonContext Context = new(new JsonSerializerOptions(MqttJsonContext.Default.Options)
    {
        // The relaxed encoder escapes what JSON demands and leaves the rest readable; it is unsafe only where JSON is
        // pasted into an HTML page unescaped, which no subscriber of a topic does.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });

    /// <exception cref="ArgumentException">A number is not finite; JSON has no word for it.</exception>
    public static byte[] Serialize(AnswerPayload answer) =>
        JsonSerializer.SerializeToUtf8Bytes(answer, Context.AnswerPayload);

    /// <exception cref="JsonException">It is not such a payload.</exception>
    public static AnswerPayload? ReadAnswer(ReadOnlySpan<byte> answer) =>
        JsonSerializer.Deserialize(answer, Context.AnswerPayload);

    /// <exception cref="ArgumentException">A number is not finite; JSON has no word for it.</exception>
    public static byte[] Serialize(ReplyPayload reply) =>
        JsonSerializer.SerializeToUtf8Bytes(reply, Context.ReplyPayload);

    /// <exception cref="ArgumentException">A number is not finite; JSON has no word for it.</exception>
    public static byte[] Serialize(EventPayload happened) =>
        JsonSerializer.SerializeToUtf8Bytes(happened, Context.EventPayload);

    /// <exception cref="JsonException">It is not such a payload.</exception>
    public static EventPayload? ReadEvent(ReadOnlySpan<byte> happened) =>
        JsonSerializer.Deserialize(happened, Context.EventPayload);

    /// <exception cref="JsonException">It is not such a payload.</exception>
    public static StatsPayload? ReadStats(ReadOnlySpan<byte> stats) =>
        JsonSerializer.Deserialize(stats, Context.StatsPayload);

    /// <exception cref="ArgumentException">A number is not finite; JSON has no word for it.</exception>
    public static byte[] Serialize(StatsPayload stats) =>
        JsonSerializer.SerializeToUtf8Bytes(stats, Context.StatsPayload);
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, Converters = [typeof(MillisecondTimestamp)])]
[JsonSerializable(typeof(AnswerPayload))]
[JsonSerializable(typeof(ReplyPayload))]
[JsonSerializable(typeof(StatsPayload))]
[JsonSerializable(typeof(EventPayload))]
internal sealed partial class MqttJsonContext : JsonSerializerContext;

/// <summary>ISO 8601 with milliseconds and offset, always of the same length, so that text sorts as time does.</summary>
internal sealed class MillisecondTimestamp : JsonConverter<DateTimeOffset>
{
    private const string Format = "yyyy-MM-dd'T'HH:mm:ss.fffzzz";

    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.GetDateTimeOffset();

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.ToString(Format, CultureInfo.InvariantCulture));
}
