using System.Globalization;
using System.Text;
using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Connectors.Mqtt.AdHoc;
using MobileVlm.Edge.Connectors.Mqtt.Topics;

namespace MobileVlm.Edge.Deploy.Configuration;

/// <summary>What a value must be, in words for a message and for the reference.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal abstract class ValueRuleAttribute : Attribute
{
    /// <summary>A noun phrase: "0 to 256".</summary>
    public abstract string Accepted { get; }

    /// <summary>Null, or the rest of a sentence that begins with key and value.</summary>
    public abstract string? FindFault(object value);
}

/// <summary>A number within limits, both included.</summary>
internal sealed class NumberRangeAttribute(double min, double max) : ValueRuleAttribute
{
    public override string Accepted => string.Create(CultureInfo.InvariantCulture, $"{min} to {max}");

    public override string? FindFault(object value) =>
        Convert.ToDouble(value, CultureInfo.InvariantCulture) is var number && number >= min && number <= max
            ? null
            : $"is out of range; {Accepted} would be accepted";
}

/// <summary>A time within limits, both included.</summary>
internal sealed class TimeRangeAttribute(string min, string max) : ValueRuleAttribute
{
    public override string Accepted => $"{min} to {max}";

    public override string? FindFault(object value) =>
        (TimeSpan)value is var time
        && time >= TimeSpan.Parse(min, CultureInfo.InvariantCulture)
        && time <= TimeSpan.Parse(max, CultureInfo.InvariantCulture)
            ? null
            : $"is out of range; {Accepted} would be accepted";
}

/// <summary>A text of limited length.</summary>
internal sealed class TextLengthAttribute(int max) : ValueRuleAttribute
{
    public override string Accepted => $"1 to {max} characters";

    public override string? FindFault(object value) =>
        !QuestionText.HasText((string)value) ? $"holds no character that can be seen; {Accepted} would be accepted"
        : ((string)value).Length <= max ? null
        : $"is {((string)value).Length} characters long; {Accepted} would be accepted";
}

/// <summary>A text that people and models read: no control characters but tabs and line breaks.</summary>
internal sealed class ReadableAttribute : ValueRuleAttribute
{
    public override string Accepted => "no control characters";

    public override string? FindFault(object value) =>
        ((string)value).FirstOrDefault(c => char.IsControl(c) && c is not ('\t' or '\n' or '\r')) is var found and not '\0'
            ? string.Create(CultureInfo.InvariantCulture, $"holds a control character (\\u{(int)found:x4}); take it out")
            : null;
}

/// <summary>One of a few words, in any case.</summary>
internal sealed class OneOfAttribute(params string[] words) : ValueRuleAttribute
{
    public override string Accepted => string.Join(" or ", words.Select(word => $"`{word}`"));

    /// <summary>Said when the word is another one.</summary>
    public string Otherwise { get; init; } = "is not known";

    public override string? FindFault(object value) =>
        words.Contains((string)value, StringComparer.OrdinalIgnoreCase)
            ? null
            : $"{Otherwise}; {string.Join(" or ", words.Select(word => $"'{word}'"))} would be accepted";
}

/// <summary>A name that can stand in a topic.</summary>
internal sealed class SafeNameAttribute(int max, string alsoAllowed = "_-") : ValueRuleAttribute
{
    public override string Accepted =>
        $"letters, digits, {string.Join(", ", alsoAllowed.Select(c => $"`{c}`"))}; up to {max} characters";

    public override string? FindFault(object value)
    {
        var name = (string)value;
        return name.Length is 0 || name.Length > max || !name.All(IsAllowed)
            ? $"is no usable name; {Accepted.Replace('`', '\'')} would be accepted"
            : null;
    }

    private bool IsAllowed(char c) =>
        char.IsAsciiLetterOrDigit(c) || alsoAllowed.Contains(c, StringComparison.Ordinal);
}

/// <summary>The beginning of a topic. Leaves room for the longest names behind it.</summary>
internal sealed class BaseTopicAttribute : ValueRuleAttribute
{
    private const int MaxBytes = 255;

    public override string Accepted => "levels separated by `/`, such as `mobilevlm` or `site/hall`";

    public override string? FindFault(object value)
    {
        var topic = (string)value;
        var fault =
            topic.AsSpan().IndexOfAny('+', '#') >= 0 ? "holds a wildcard ('+' or '#')"
            : topic.Any(char.IsControl) ? "holds a control character"
            : topic[0] is '/' or '$' || topic[^1] is '/' or '$' ? "begins or ends with '/' or '$'"
            : topic.Contains("//", StringComparison.Ordinal) ? "has an empty level ('//')"
            : Encoding.UTF8.GetByteCount(topic) > MaxBytes ? $"is longer than {MaxBytes} bytes"
            : null;
        return fault is null ? null : $"{fault}; a topic such as 'mobilevlm' or 'site/hall' would be accepted";
    }
}

/// <summary>Beginnings of topics, separated by commas.</summary>
internal sealed class TopicPrefixesAttribute : ValueRuleAttribute
{
    private const int Most = 16;

    public override string Accepted => $"up to {Most} beginnings of topics, each with its last `/`";

    public static IReadOnlyList<string> Parse(string text) =>
        text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    public override string? FindFault(object value)
    {
        var prefixes = Parse((string)value);
        return prefixes.Count is 0 or > Most ? $"names {prefixes.Count} topics; {Accepted.Replace('`', '\'')} would be accepted"
            : prefixes.FirstOrDefault(it => it[^1] != '/' || TopicName.Fault(it[..^1]) is not null) is { } wrong
                ? $"holds '{wrong}', which is no beginning of a topic; one such as 'replies/' would be accepted"
            : null;
    }
}

/// <summary>A camera's source.</summary>
internal sealed class CameraSourceAttribute : ValueRuleAttribute
{
    public override string Accepted => CameraSources.Documented;

    public override string? FindFault(object value)
    {
        var source = (string)value;
        if (CameraSources.FindSchemeWithoutSlashes(source) is { } scheme)
        {
            return $"is an address without '//'; '{scheme}://…' would be accepted";
        }

        return CameraSources.FindFault(source) is { } fault ? $"cannot be used: {fault.TrimEnd('.')}" : null;
    }
}

/// <summary>The broker's address.</summary>
internal sealed class BrokerAttribute : ValueRuleAttribute
{
    public override string Accepted => "`embedded`, `mqtt://HOST[:PORT]` or `mqtts://HOST[:PORT]`";

    public override string? FindFault(object value) => BrokerAddress.FindFault((string)value);
}

/// <summary>A map whose keys are names that the operator chooses.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class MapAttribute(string placeholder, params string[] reserved) : Attribute
{
    public const int MaxNameLength = 64;

    private static readonly SafeNameAttribute Name = new(MaxNameLength);

    /// <summary>Stands for the name in the reference.</summary>
    public string Placeholder => placeholder;

    /// <summary>What names are accepted, for the reference.</summary>
    public string Accepted =>
        reserved.Length == 0 ? Name.Accepted
        : $"{Name.Accepted}; not {string.Join(", ", reserved.Select(name => $"`{name}`"))}, which are topics of their own";

    public string? FindFault(string name) =>
        reserved.Contains(name, StringComparer.OrdinalIgnoreCase)
            ? $"cannot name a {placeholder}, since a topic is called that; another name would be accepted"
            : Name.FindFault(name);
}

/// <summary>The value may hold a password: no message shows it.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class SecretAttribute : Attribute;

/// <summary>What holds when the key is left out and the property's own default (null) does not say it.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class DefaultTextAttribute(string text) : Attribute
{
    public string Text => text;
}
