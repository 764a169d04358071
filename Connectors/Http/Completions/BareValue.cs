using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using MobileVlm.Edge.Connectors.Http.Server;

namespace MobileVlm.Edge.Connectors.Http.Completions;

/// <summary>A question whose answer a program writes into a field as it is: LLM Vision's data analyzer asks in words for one of
/// several options or for a number, and one word more is an error there. Such a question is scored or read like a value of
/// <see cref="StructuredOutput"/>, and the answer is the value alone.</summary>
internal sealed partial class BareValue
{
    private const int MaxOptions = 64;

    private readonly StructuredOutput _value;
    private readonly string _question;

    /// <summary>What a program writes for yes and no; null for other values.</summary>
    private readonly (string Yes, string No)? _flag;

    private BareValue(string question, JsonNode schema, (string Yes, string No)? flag) => (_question, _value, _flag) =
        (question, StructuredOutput.Read(JsonSerializer.SerializeToElement(schema, HttpJson.Default.JsonNode)), flag);

    /// <summary>Finds such a question in a user's text.</summary>
    /// <returns>Null if it is another text.</returns>
    public static BareValue? Read(string text)
    {
        if (Request().Match(text) is not { Success: true } found)
        {
            return null;
        }

        var question = found.Groups["question"].Value.Trim();
        if (!found.Groups["options"].Success)
        {
            return new BareValue(question, new JsonObject { ["type"] = "number" }, null);
        }

        string[] options =
        [
            .. Option().Matches(found.Groups["options"].Value)
                .Select(option => option.Groups["text"].Value)
                .Where(option => option.Length > 0)
                .Distinct(StringComparer.OrdinalIgnoreCase),
        ];
        return options.Length is < 2 or > MaxOptions ? null
            : FlagOf(options) is { } flag ? new BareValue(question, new JsonObject { ["type"] = "boolean" }, flag)
            : new BareValue(question, new JsonObject { ["enum"] = new JsonArray([.. options.Select(option => (JsonNode)option)]) }, null);
    }

    /// <summary>The questions for the model.</summary>
    public IReadOnlyList<FieldQuestion> Questions => _value.Questions(_question);

    /// <summary>The bare value.</summary>
    /// <param name="values">The answers to <see cref="Questions"/>.</param>
    public string Fill(IReadOnlyList<string> values)
    {
        var value = _value.Fill(values);
        return _flag is { } flag ? (value?.GetValue<bool>() == true ? flag.Yes : flag.No)
            : value?.GetValueKind() == JsonValueKind.String ? value.GetValue<string>()
            : value?.ToJsonString() ?? "";
    }

    // Asked as yes or no, because a model scores 'on' and 'off' behind "Is the door open?" by chance.
    private static (string Yes, string No)? FlagOf(string[] options)
    {
        foreach (var (yes, no) in new[] { ("on", "off"), ("yes", "no"), ("true", "false") })
        {
            if (options.Length == 2
                && options.FirstOrDefault(option => option.Equals(yes, StringComparison.OrdinalIgnoreCase)) is { } ofYes
                && options.FirstOrDefault(option => option.Equals(no, StringComparison.OrdinalIgnoreCase)) is { } ofNo)
            {
                return (ofYes, ofNo);
            }
        }

        return null;
    }

    [GeneratedRegex(
        @"You can only respond with (one of: \[(?<options>[^\]]*)\]|a number)\..{0,300}?Answer the following question with the options provided:(?<question>.+)\z",
        RegexOptions.Singleline | RegexOptions.ExplicitCapture)]
    private static partial Regex Request();

    [GeneratedRegex(@"'(?<text>[^']*)'|""(?<text>[^""]*)""", RegexOptions.ExplicitCapture)]
    private static partial Regex Option();
}
