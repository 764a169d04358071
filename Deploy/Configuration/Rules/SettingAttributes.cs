using System.Globalization;
using System.Text;
using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Connectors.Mqtt.AdHoc;
using MobileVlm.Edge.Connectors.Mqtt.Topics;

namespace MobileVlm.Edge.Deploy.Configuration.Rules;

/// <summary>A rule that a value must meet, described in words for messages and for the reference.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal abstract class ValueRuleAttribute : Attribute
{
    /// <summary>The accepted values as a noun phrase, for example "0 to 256".</summary>
    public abstract string Accepted { get; }

    /// <summary>Validates a value.</summary>
    /// <returns>Null if the value is valid; otherwise the rest of a sentence that begins with key and value.</returns>
    public abstract string? FindError(object value);
}

/// <summary>The value is a number within limits, both included.</summary>
internal sealed class NumberRangeAttribute(double min, double max) : ValueRuleAttribute
{
    /// <summary>Also accepts 0, which turns something off.</summary>
    public bool OrZero { get; init; }

    public override string Accepted =>
        string.Create(CultureInfo.InvariantCulture, $"{(OrZero ? "0, or " : "")}{min} to {max}");

    public override string? FindError(object value) =>
        Convert.ToDouble(value, CultureInfo.InvariantCulture) is var number && ((number >= min && number <= max) || (OrZero && number == 0))
            ? null
            : $"is out of range; {Accepted} would be accepted";
}

/// <summary>The value is a time within limits, both included.</summary>
internal sealed class TimeRangeAttribute(string min, string max) : ValueRuleAttribute
{
    public override string Accepted => $"{min} to {max}";

    public override string? FindError(object value) =>
        (TimeSpan)value is var time
        && time >= TimeSpan.Parse(min, CultureInfo.InvariantCulture)
        && time <= TimeSpan.Parse(max, CultureInfo.InvariantCulture)
            ? null
            : $"is out of range; {Accepted} would be accepted";
}

/// <summary>The value is a text of limited length.</summary>
internal sealed class TextLengthAttribute(int max) : ValueRuleAttribute
{
    public override string Accepted => $"{(AllowsEmpty ? "0" : "1")} to {max} characters";

    /// <summary>Whether an empty text is a value, too.</summary>
    public bool AllowsEmpty { get; init; }

    public override string? FindError(object value) =>
        AllowsEmpty && (string)value == "" ? null
        : !QuestionText.HasText((string)value) ? $"holds no visible character; {Accepted} would be accepted"
        : ((string)value).Length <= max ? null
        : $"is {((string)value).Length} characters long; {Accepted} would be accepted";
}

/// <summary>The value is a text for people and models: it holds no control characters except tabs and line breaks.</summary>
internal sealed class ReadableAttribute : ValueRuleAttribute
{
    public override string Accepted => "no control characters";

    public override string? FindError(object value) =>
        ((string)value).FirstOrDefault(c => char.IsControl(c) && c is not ('\t' or '\n' or '\r')) is var found and not '\0'
            ? string.Create(CultureInfo.InvariantCulture, $"holds a control character (\\u{(int)found:x4}); take it out")
            : null;
}

/// <summary>The value is one of a few words; case does not matter.</summary>
internal sealed class OneOfAttribute(params string[] words) : ValueRuleAttribute
{
    public override string Accepted => string.Join(" or ", words.Select(word => $"`{word}`"));


    public override string? FindError(object value) =>
        words.Contains((string)value, StringComparer.OrdinalIgnoreCase)
            ? null
            : $"is not known; {string.Join(" or ", words.Select(word => $"'{word}'"))} would be accepted";
}

/// <summary>The value is a name that can be part of a topic.</summary>
internal sealed class SafeNameAttribute(int max, string alsoAllowed = "_-") : ValueRuleAttribute
{
    public override string Accepted =>
        $"letters, digits, {string.Join(", ", alsoAllowed.Select(c => $"`{c}`"))}; up to {max} characters";

    public override string? FindError(object value)
    {
        var name = (string)value;
        return name.Length is 0 || name.Length > max || !name.All(IsAllowed)
            ? $"is not a usable name; {Accepted.Replace('`', '\'')} would be accepted"
            : null;
    }

    private bool IsAllowed(char c) =>
        char.IsAsciiLetterOrDigit(c) || alsoAllowed.Contains(c, StringComparison.Ordinal);
}

/// <summary>The value is the first part of a topic. Its maximum length leaves space for the longest names after it.</summary>
internal sealed class BaseTopicAttribute : ValueRuleAttribute
{
    private const int MaxBytes = 255;

    public override string Accepted => "levels separated by `/`, such as `mobilevlm` or `site/hall`";

    public override string? FindError(object value)
    {
        var topic = (string)value;
        var error =
            topic.AsSpan().IndexOfAny('+', '#') >= 0 ? "holds a wildcard ('+' or '#')"
            : topic.Any(char.IsControl) ? "holds a control character"
            : topic[0] is '/' or '$' || topic[^1] is '/' or '$' ? "begins or ends with '/' or '$'"
            : topic.Contains("//", StringComparison.Ordinal) ? "has an empty level ('//')"
            : Encoding.UTF8.GetByteCount(topic) > MaxBytes ? $"is longer than {MaxBytes} bytes"
            : null;
        return error is null ? null : $"{error}; a topic such as 'mobilevlm' or 'site/hall' would be accepted";
    }
}

/// <summary>The value is a list of topic prefixes, separated by commas.</summary>
internal sealed class TopicPrefixesAttribute : ValueRuleAttribute
{
    private const int MaxPrefixes = 16;

    public override string Accepted => $"up to {MaxPrefixes} topic prefixes, each with its last `/`";

    public static IReadOnlyList<string> Parse(string text) =>
        text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    public override string? FindError(object value)
    {
        var prefixes = Parse((string)value);
        return prefixes.Count is 0 or > MaxPrefixes ? $"names {prefixes.Count} topics; {Accepted.Replace('`', '\'')} would be accepted"
            : prefixes.FirstOrDefault(it => it[^1] != '/' || TopicName.Fault(it[..^1]) is not null) is { } wrong
                ? $"holds '{wrong}', which is not a topic prefix; one such as 'replies/' would be accepted"
            : null;
    }
}

/// <summary>The value is a camera's source.</summary>
internal sealed class CameraSourceAttribute : ValueRuleAttribute
{
    public override string Accepted => CameraSources.Documented;

    public override string? FindError(object value)
    {
        var source = (string)value;
        if (CameraSources.FindSchemeWithoutSlashes(source) is { } scheme)
        {
            // Otherwise it would be treated as a file of that name.
            return $"is an address without '//'; '{scheme}://…' would be accepted";
        }

        return CameraSources.FindFault(source) is { } error ? $"cannot be used: {error.TrimEnd('.')}" : null;
    }
}

/// <summary>The value is the broker's address.</summary>
internal sealed class BrokerAttribute : ValueRuleAttribute
{
    public override string Accepted => "`embedded`, `mqtt://HOST[:PORT]` or `mqtts://HOST[:PORT]`";

    public override string? FindError(object value) => BrokerAddress.FindError((string)value);
}

/// <summary>A map whose keys are names that the operator chooses.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class MapAttribute(string placeholder, params string[] reserved) : Attribute
{
    public const int MaxNameLength = 64;

    private static readonly SafeNameAttribute Name = new(MaxNameLength);

    /// <summary>The placeholder for the name in the reference.</summary>
    public string Placeholder => placeholder;

    /// <summary>The accepted names, for the reference.</summary>
    public string Accepted =>
        reserved.Length == 0 ? Name.Accepted
        : $"{Name.Accepted}; not {string.Join(", ", reserved.Select(name => $"`{name}`"))}, which are names of topics";

    public string? FindError(string name) =>
        reserved.Contains(name, StringComparer.OrdinalIgnoreCase)
            ? $"cannot name a {placeholder}, because a topic has that name; another name would be accepted"
            : Name.FindError(name);
}

/// <summary>The value may hold a password, so no message shows it.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class SecretAttribute : Attribute;

/// <summary>Describes the default of a key whose property has the default null.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class DefaultTextAttribute(string text) : Attribute
{
    public string Text => text;
}
