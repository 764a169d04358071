using System.Collections;
using System.Globalization;
using System.Text.Json.Nodes;
using MobileVlm.Edge.Deploy.Configuration.Binding;
using MobileVlm.Edge.Deploy.Configuration.Options;

namespace MobileVlm.Edge.Deploy.Configuration.Overlay;

/// <summary>Writes the definition of a question as the configuration file would hold it, with the defaults of what it leaves out.</summary>
internal static class QuestionDocument
{
    /// <summary>Members that a list of questions adds to a definition; a definition that is sent back may have them.</summary>
    public static IReadOnlyList<string> Added { get; } = ["id", "source", "overrides", "deleted"];

    /// <summary>The definition without what is empty.</summary>
    public static JsonObject Of(QuestionOptions options) => Group(options);

    private static JsonObject Group(object options)
    {
        var document = new JsonObject();
        foreach (var setting in Setting.Of(options.GetType()))
        {
            if (setting.Property.GetValue(options) is { } value && Node(setting, value) is { } node)
            {
                document[setting.Name] = node;
            }
        }

        return document;
    }

    private static JsonNode? Node(Setting setting, object value) => setting.Shape switch
    {
        SettingShape.Value => Scalar(value),
        SettingShape.List => value is List<string> { Count: > 0 } list ? new JsonArray([.. list.Select(it => (JsonNode)it)]) : null,
        SettingShape.Map => value is IDictionary { Count: > 0 } map ? Map(map) : null,
        SettingShape.Group => Group(value) is { Count: > 0 } group ? group : null,
        _ => throw new ArgumentOutOfRangeException(nameof(setting), setting.Shape, "This shape has no JSON."),
    };

    private static JsonObject Map(IDictionary map)
    {
        var document = new JsonObject();
        foreach (DictionaryEntry entry in map)
        {
            document[(string)entry.Key] = Group(entry.Value!);
        }

        return document;
    }

    private static JsonValue Scalar(object value) => value switch
    {
        bool flag => JsonValue.Create(flag),
        int number => JsonValue.Create(number),
        double number => JsonValue.Create(number),
        TimeSpan span => JsonValue.Create(span.ToString("c", CultureInfo.InvariantCulture)),
        _ => JsonValue.Create(ScalarText.Format(value)),
    };
}
