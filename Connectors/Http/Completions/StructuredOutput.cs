using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using MobileVlm.Edge.Connectors.Http.Server;

namespace MobileVlm.Edge.Connectors.Http.Completions;

/// <summary>An object whose frame the server writes and whose values the model fills in: booleans and enumerations are scored,
/// texts and numbers are written. So it is always valid JSON with the keys of the schema.</summary>
internal sealed partial class StructuredOutput
{
    private const int MaxFields = 64;
    private const int MaxDepth = 6;
    private const int NumberTokens = 12;
    private const int TextTokens = 48;
    private const int ListTokens = 64;

    /// <summary>Keywords that restrict values in a way that is not obeyed.</summary>
    private static readonly string[] Unsupported = ["allOf", "oneOf", "not", "if", "pattern", "patternProperties", "prefixItems", "dependentSchemas"];

    private static readonly string[] NumberWords =
    [
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    ];

    private readonly List<(string Label, Leaf Leaf)> _leaves = [];
    private readonly JsonElement _root;
    private readonly Node _document;

    private StructuredOutput(JsonElement schema)
    {
        _root = schema;
        _document = Parse(schema, "", 0);
    }

    /// <summary>Reads a JSON schema.</summary>
    /// <exception cref="HttpFailureException">It uses a keyword that is not supported, which the message names.</exception>
    public static StructuredOutput Read(JsonElement schema) => schema.ValueKind == JsonValueKind.Object
        ? new StructuredOutput(schema)
        : throw HttpFailureException.Invalid("response_format", "the schema is not an object");

    /// <summary>The questions for the model.</summary>
    /// <param name="text">The user's text.</param>
    public IReadOnlyList<FieldQuestion> Questions(string text) =>
    [
        .. _leaves.Select(it => it.Leaf.Ask(_leaves.Count == 1 && text.Length > 0 ? text : text.Length > 0 ? $"{text}\n{it.Label}" : it.Label)),
    ];

    /// <summary>The document.</summary>
    /// <param name="values">The answers to <see cref="Questions"/>.</param>
    public JsonNode? Fill(IReadOnlyList<string> values)
    {
        var next = 0;
        return Write(_document, values, ref next);
    }

    private static JsonNode? Write(Node node, IReadOnlyList<string> values, ref int next)
    {
        switch (node)
        {
            case Group group:
                var written = new JsonObject();
                foreach (var (name, child) in group.Members)
                {
                    written[name] = Write(child, values, ref next);
                }

                return written;
            case Constant constant:
                return constant.Value?.DeepClone();
            case Leaf leaf:
                return leaf.Write(values[next++]);
            default:
                throw new ArgumentOutOfRangeException(nameof(node));
        }
    }

    private Node Parse(JsonElement schema, string name, int depth)
    {
        if (depth > MaxDepth || _leaves.Count >= MaxFields)
        {
            throw HttpFailureException.Invalid("response_format", string.Create(CultureInfo.InvariantCulture, $"the schema has more than {MaxFields} values or is nested more than {MaxDepth} times"));
        }

        schema = Resolve(schema, out var isNullable);
        if (Unsupported.FirstOrDefault(keyword => schema.Get(keyword) is not null) is { } found)
        {
            throw HttpFailureException.Invalid("response_format", $"the schema's keyword '{found}' is not supported");
        }

        var label = schema.Text("description") is { Length: > 0 } description ? description : Label(name);
        if (schema.TryGetProperty("const", out var constant))
        {
            return new Constant(JsonNode.Parse(constant.GetRawText()));
        }

        if (schema.Get("enum") is { ValueKind: JsonValueKind.Array } choices)
        {
            return Choice(choices, label);
        }

        return TypeOf(schema, ref isNullable) switch
        {
            "object" => Object(schema, depth),
            "boolean" => Add(label, new BooleanLeaf()),
            "integer" => Add(label, new NumberLeaf(true, isNullable, Bound(schema, "minimum"), Bound(schema, "maximum"))),
            "number" => Add(label, new NumberLeaf(false, isNullable, Bound(schema, "minimum"), Bound(schema, "maximum"))),
            "string" => Add(label, new TextLeaf(schema.Whole("maxLength", 0, int.MaxValue))),
            "array" => List(schema, label),
            "null" => new Constant(null),
            var type => throw HttpFailureException.Invalid("response_format", $"the schema's type '{type}' is not supported"),
        };
    }

    private Group Object(JsonElement schema, int depth)
    {
        var members = new List<(string, Node)>();
        if (schema.Get("properties") is { ValueKind: JsonValueKind.Object } properties)
        {
            foreach (var property in properties.EnumerateObject())
            {
                members.Add((property.Name, Parse(property.Value, property.Name, depth + 1)));
            }
        }

        return new Group(members);
    }

    private Node Choice(JsonElement choices, string label)
    {
        JsonNode?[] values = [.. choices.EnumerateArray().Select(value => JsonNode.Parse(value.GetRawText()))];
        string[] texts = [.. values.Select(value => value is null ? "none" : value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : value.ToJsonString())];
        if (values.Length == 0 || texts.Any(string.IsNullOrWhiteSpace) || texts.Distinct(StringComparer.OrdinalIgnoreCase).Count() < texts.Length)
        {
            throw HttpFailureException.Invalid("response_format", "the schema's keyword 'enum' holds no value, an empty one, or two that differ by letter case only");
        }

        return values.Length == 1 ? new Constant(values[0]) : Add(label, new ChoiceLeaf(texts, values));
    }

    private Leaf List(JsonElement schema, string label)
    {
        var isNullable = false;
        var items = schema.Get("items") is { ValueKind: JsonValueKind.Object } given ? Resolve(given, out isNullable) : default;
        var most = schema.Whole("maxItems", 0, int.MaxValue) ?? int.MaxValue;
        var type = items.ValueKind == JsonValueKind.Undefined ? "string" : TypeOf(items, ref isNullable);
        return type is "string" or "number" or "integer"
            ? Add(label, new ListLeaf(type, most))
            : throw HttpFailureException.Invalid("response_format", $"the schema's keyword 'items' with type '{type}' is not supported; texts and numbers are");
    }

    private Leaf Add(string label, Leaf leaf)
    {
        _leaves.Add((label, leaf));
        return leaf;
    }

    /// <summary>Follows references, and takes the first alternative that is not null.</summary>
    private JsonElement Resolve(JsonElement schema, out bool isNullable)
    {
        isNullable = false;
        for (var i = 0; i < MaxDepth; i++)
        {
            if (schema.Text("$ref") is { } reference)
            {
                schema = Find(reference);
            }
            else if (schema.Get("anyOf") is { ValueKind: JsonValueKind.Array } alternatives)
            {
                isNullable |= alternatives.EnumerateArray().Any(IsNull);
                schema = alternatives.EnumerateArray().FirstOrDefault(alternative => !IsNull(alternative));
            }
            else
            {
                break;
            }
        }

        return schema.ValueKind == JsonValueKind.Object
            ? schema
            : throw HttpFailureException.Invalid("response_format", "a part of the schema is not an object");

        static bool IsNull(JsonElement alternative) => alternative.Text("type") == "null";
    }

    private JsonElement Find(string reference)
    {
        var at = _root;
        foreach (var part in reference.TrimStart('#').Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            at = at.Get(part) ?? throw HttpFailureException.Invalid("response_format", $"the schema's '$ref' '{reference}' does not name a part of the schema");
        }

        return at;
    }

    private static string TypeOf(JsonElement schema, ref bool isNullable)
    {
        if (schema.Get("type") is not { } type)
        {
            return schema.Get("properties") is not null ? "object" : "string";
        }

        if (type.ValueKind != JsonValueKind.Array)
        {
            return type.ValueKind == JsonValueKind.String ? type.GetString()! : type.GetRawText();
        }

        string[] names = [.. type.EnumerateArray().Where(name => name.ValueKind == JsonValueKind.String).Select(name => name.GetString()!)];
        isNullable |= names.Contains("null");
        return names.FirstOrDefault(name => name != "null") ?? "null";
    }

    private static double? Bound(JsonElement schema, string name) => schema.Number(name, double.MinValue, double.MaxValue);

    // personCount and person_count read as "person count?".
    private static string Label(string name)
    {
        var words = WordStart().Replace(name.Replace('_', ' ').Replace('-', ' '), " ").Trim().ToLowerInvariant();
        return words.Length == 0 ? "" : $"{words}?";
    }

    [GeneratedRegex("(?<=[a-z0-9])(?=[A-Z])")]
    private static partial Regex WordStart();

    [GeneratedRegex(@"-?\d+(?:[.,]\d+)?")]
    private static partial Regex Digits();

    private abstract record Node;

    private sealed record Group(IReadOnlyList<(string Name, Node Node)> Members) : Node;

    private sealed record Constant(JsonNode? Value) : Node;

    /// <summary>A value that the model fills in.</summary>
    private abstract record Leaf : Node
    {
        public abstract FieldQuestion Ask(string text);

        public abstract JsonNode? Write(string value);

        protected static double? ReadNumber(string value)
        {
            if (Digits().Match(value) is { Success: true } digits
                && double.TryParse(digits.Value.Replace(',', '.'), NumberStyles.Float, CultureInfo.InvariantCulture, out var number))
            {
                return number;
            }

            var words = value.ToLowerInvariant().Split([' ', '.', ',', '\n'], StringSplitOptions.RemoveEmptyEntries);
            var word = words.Select(it => Array.IndexOf(NumberWords, it)).FirstOrDefault(at => at >= 0, -1);
            return word >= 0 ? word : words.Any(it => it is "no" or "none") ? 0 : null;
        }

        protected static JsonValue ToNode(double number, bool isWhole) => isWhole
            ? JsonValue.Create((long)Math.Clamp(Math.Round(number), long.MinValue / 2.0, long.MaxValue / 2.0))
            : JsonValue.Create(number);
    }

    private sealed record BooleanLeaf : Leaf
    {
        public override FieldQuestion Ask(string text) => new(text, FieldKind.Boolean, [], 1);

        public override JsonNode Write(string value) => JsonValue.Create(value == "true");
    }

    private sealed record ChoiceLeaf(string[] Texts, JsonNode?[] Values) : Leaf
    {
        public override FieldQuestion Ask(string text) => new(text, FieldKind.Choice, Texts, 1);

        public override JsonNode? Write(string value) => Values[Math.Max(0, Array.IndexOf(Texts, value))]?.DeepClone();
    }

    private sealed record NumberLeaf(bool IsWhole, bool IsNullable, double? Min, double? Max) : Leaf
    {
        public override FieldQuestion Ask(string text) => new(text, FieldKind.Text, [], NumberTokens);

        public override JsonNode? Write(string value)
        {
            if (ReadNumber(value) is not { } number)
            {
                return IsNullable ? null : ToNode(Math.Min(Math.Max(0, Min ?? double.MinValue), Max ?? double.MaxValue), IsWhole);
            }

            return ToNode(Math.Min(Math.Max(number, Min ?? double.MinValue), Max ?? double.MaxValue), IsWhole);
        }
    }

    private sealed record TextLeaf(int? MaxLength) : Leaf
    {
        public override FieldQuestion Ask(string text) => new(text, FieldKind.Text, [], TextTokens);

        public override JsonNode Write(string value) =>
            JsonValue.Create(value.Length <= (MaxLength ?? int.MaxValue) ? value : Cut(value, MaxLength!.Value));

        // Never half a surrogate pair, which no JSON can hold.
        private static string Cut(string value, int length) =>
            value[..(length > 0 && char.IsHighSurrogate(value[length - 1]) ? length - 1 : length)];
    }

    private sealed record ListLeaf(string Type, int MaxItems) : Leaf
    {
        public override FieldQuestion Ask(string text) => new(text, FieldKind.Text, [], ListTokens);

        public override JsonNode Write(string value)
        {
            var items = value.Split([',', ';', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            IEnumerable<JsonNode> nodes = Type == "string"
                ? items.Select(item => (JsonNode)JsonValue.Create(item.TrimEnd('.')))
                : items.Select(ReadNumber).OfType<double>().Select(number => ToNode(number, Type == "integer"));
            return new JsonArray([.. nodes.Take(MaxItems)]);
        }
    }
}
