using System.Globalization;
using System.Text.Json.Serialization;

namespace MobileVlm.Edge.Connectors.Storage.Labels;

/// <summary>A labelled frame of one question.</summary>
/// <param name="Id">Name of its file without the ending; unique within the question.</param>
/// <param name="Value">Its label: <c>yes</c>, <c>no</c> or a choice.</param>
/// <param name="Record">What was known when it was labelled; null for a picture that somebody put into the folder.</param>
public sealed record StoredLabel(string Id, string Value, LabelRecord? Record);

/// <summary>What is kept beside a labelled picture. The label itself is the folder in which the picture is.</summary>
/// <param name="Version">Version of the format, 1.</param>
/// <param name="At">When the frame was taken.</param>
/// <param name="Frame">Its sequence number.</param>
/// <param name="LabelledAt">When it was labelled last.</param>
/// <param name="Source">Where the label came from.</param>
/// <param name="Score">Score of the answer about the frame, 0..1; null where none is stored.</param>
/// <param name="Ask">The text of the question at that time.</param>
public sealed record LabelRecord(
    [property: JsonPropertyName("v")] int Version,
    DateTimeOffset At,
    long Frame,
    DateTimeOffset LabelledAt,
    LabelSource Source,
    double? Score,
    string Ask)
{
    /// <summary>Version that this program writes.</summary>
    public const int CurrentVersion = 1;
}

/// <summary>The way on which a label came.</summary>
public enum LabelSource
{
    /// <summary>HTTP, the page among it.</summary>
    Http,

    /// <summary>A command over MQTT.</summary>
    Mqtt,

    /// <summary><c>mobilevlm label</c>.</summary>
    CommandLine,
}

/// <summary>The names of labelled frames.</summary>
public static class LabelId
{
    private const int LongestId = 100;

    /// <summary>The id of a frame: <c>20280131-031502123-4711</c>, its time in UTC and its number. The time makes it unique although the
    /// numbers begin again at each start of the service.</summary>
    public static string Of(DateTimeOffset at, long frame) =>
        string.Create(CultureInfo.InvariantCulture, $"{at.UtcDateTime:yyyyMMdd-HHmmssfff}-{frame}");

    /// <summary>Whether a text can be an id: letters, digits, <c>-</c>, <c>_</c> and dots within.</summary>
    public static bool IsValid(string id) =>
        id.Length is > 0 and <= LongestId && id[0] != '.' && id.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UseStringEnumConverter = true,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(LabelRecord))]
internal sealed partial class LabelJson : JsonSerializerContext;
