using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace MobileVlm.Edge.Deploy.Configuration.Binding;

/// <summary>Reads JSON, with comments and trailing commas, into nodes that hold their line number.</summary>
internal sealed partial class JsonSettings
{
    private readonly byte[] _json;
    private readonly string _file;
    private readonly ProblemList _problems;

    private JsonSettings(byte[] json, string file, ProblemList problems) => (_json, _file, _problems) = (json, file, problems);

    /// <summary>Reads the tree. A key that is given twice is an error, and its first value is kept.</summary>
    /// <exception cref="ConfigurationException">The bytes are not JSON, or not an object.</exception>
    public static SettingNode Read(byte[] bytes, string file, ProblemList problems)
    {
        byte[] mark = [0xEF, 0xBB, 0xBF];
        var json = bytes.AsSpan().StartsWith(mark) ? bytes[mark.Length..] : bytes;
        return new JsonSettings(json, file, problems).Read();
    }

    private SettingNode Read()
    {
        var reader = new Utf8JsonReader(_json, new JsonReaderOptions
        {
            AllowTrailingCommas = true,
            CommentHandling = JsonCommentHandling.Skip,
        });
        try
        {
            _ = new UTF8Encoding(false, throwOnInvalidBytes: true).GetCharCount(_json);
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                throw Unusable("does not hold a JSON object; { \"MobileVlm\": { … } } would be accepted");
            }

            var root = ReadValue(ref reader, "", "");

            // What follows the object must be nothing.
            reader.Read();
            return root;
        }
        catch (JsonException exception)
        {
            throw Unusable(Describe(exception));
        }
        catch (DecoderFallbackException)
        {
            throw Unusable("is not UTF-8; save it in that encoding");
        }
        catch (InvalidOperationException)
        {
            throw Unusable(
                $"holds half of a surrogate pair (\\uD800 to \\uDFFF) at line {Line(reader.TokenStartIndex)}; "
                + "write the character itself");
        }
    }

    private SettingNode ReadValue(ref Utf8JsonReader reader, string name, string key)
    {
        var origin = Origin(reader.TokenStartIndex);
        return reader.TokenType switch
        {
            JsonTokenType.StartObject => ReadObject(ref reader, name, key, origin),
            JsonTokenType.StartArray => ReadArray(ref reader, name, key, origin),
            JsonTokenType.String => ReadText(reader.GetString() ?? "", name, key, origin),
            JsonTokenType.Number =>
                new SettingNode(name, JsonKind.Number, Encoding.UTF8.GetString(reader.ValueSpan), origin),
            JsonTokenType.True => new SettingNode(name, JsonKind.Boolean, "true", origin),
            JsonTokenType.False => new SettingNode(name, JsonKind.Boolean, "false", origin),
            JsonTokenType.Null => new SettingNode(name, JsonKind.Null, null, origin),
            _ => throw new UnreachableException($"{reader.TokenType} begins no value."),
        };
    }

    private SettingNode ReadObject(ref Utf8JsonReader reader, string name, string key, string origin)
    {
        var node = new SettingNode(name, JsonKind.Object, null, origin);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var written = reader.GetString() ?? "";
            var childName = WithoutZeros(written);
            var childKey = key.Length == 0 ? childName : $"{key}:{childName}";
            var at = Origin(reader.TokenStartIndex);
            RefuseZeros(written, childKey, at);
            reader.Read();
            var child = ReadValue(ref reader, childName, childKey);
            if (node.Find(childName) is { } first)
            {
                _problems.SetOrigin(childKey, at);
                _problems.Add(
                    childKey,
                    null,
                    $"is given twice, first as '{first.Name}' in {first.Origin}; keep one (upper and lower case are the same)");
                continue;
            }

            node.Children.Add(child);
        }

        return node;
    }

    private SettingNode ReadArray(ref Utf8JsonReader reader, string name, string key, string origin)
    {
        var node = new SettingNode(name, JsonKind.Array, null, origin);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            var index = node.Children.Count.ToString(CultureInfo.InvariantCulture);
            node.Children.Add(ReadValue(ref reader, index, $"{key}:{index}"));
        }

        return node;
    }

    private SettingNode ReadText(string text, string name, string key, string origin)
    {
        RefuseZeros(text, key, origin);
        return new SettingNode(name, JsonKind.Text, WithoutZeros(text), origin);
    }

    // No path, topic or question can hold this character, and a string passed to C ends at it. Reading continues without it, to
    // find the other errors.
    private void RefuseZeros(string text, string key, string origin)
    {
        if (text.Contains('\0'))
        {
            _problems.SetOrigin(key, origin);
            _problems.Add(key, null, "holds the character of code 0 (\\u0000); take it out");
        }
    }

    private static string WithoutZeros(string text) => text.Replace("\0", "", StringComparison.Ordinal);

    private string Origin(long offset) => $"{ConfigurationProblem.LineOrigin}{Line(offset)}";

    private int Line(long offset) => _json.AsSpan(0, (int)offset).Count((byte)'\n') + 1;

    private string Describe(JsonException exception)
    {
        var line = (int)(exception.LineNumber ?? 0);
        var start = 0;
        for (var i = 0; i < line; i++)
        {
            start += _json.AsSpan(start).IndexOf((byte)'\n') + 1;
        }

        var length = Math.Min((int)(exception.BytePositionInLine ?? 0), _json.Length - start);
        var column = Encoding.UTF8.GetCharCount(_json, start, length) + 1;

        // The reader quotes the text that it cannot read, which may be a password without its quotes.
        var reason = QuotedWord().Replace(PositionSuffix().Replace(exception.Message, ""), "that word");
        return $"is not valid JSON at line {line + 1}, column {column}: {reason}";
    }

    private ConfigurationException Unusable(string message) => new(_file, [new ConfigurationProblem(_file, null, message)]);

    [GeneratedRegex(@" LineNumber: .*$", RegexOptions.Singleline)]
    private static partial Regex PositionSuffix();

    [GeneratedRegex(@"^'.{2,}?'(?= is )", RegexOptions.Singleline)]
    private static partial Regex QuotedWord();
}
