using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Connectors.Mqtt.HomeAssistant;
using MobileVlm.Edge.Deploy.Configuration.Binding;

namespace MobileVlm.Edge.Deploy.Configuration.Rules;

/// <summary>The value is a text that its own type parses.</summary>
internal abstract class ParsedByAttribute(Action<string> parse, string accepted) : ValueRuleAttribute
{
    public override string Accepted => accepted.Replace('\'', '`');

    public override string? FindError(object value)
    {
        try
        {
            parse((string)value);
            return null;
        }
        catch (FormatException exception)
        {
            return exception.Message;
        }
    }
}

/// <summary>The value is a time of the week.</summary>
internal sealed class WeeklySlotAttribute() : ParsedByAttribute(text => WeeklySlot.Parse(text), WeeklySlot.Accepted);

/// <summary>The value is a condition on another question's state.</summary>
internal sealed class ConditionAttribute() : ParsedByAttribute(text => QuestionCondition.Parse(text), QuestionCondition.Accepted);

/// <summary>The value names questions by camera and id.</summary>
internal sealed class QuestionPatternAttribute() : ParsedByAttribute(text => QuestionPattern.Parse(text), QuestionPattern.Accepted);

/// <summary>The value is a polygon on the frame.</summary>
internal sealed class PolygonAttribute() : ParsedByAttribute(text => RegionPolygon.Parse(text), RegionPolygon.Accepted);

/// <summary>The value is the template of an event's text.</summary>
internal sealed class AlertTemplateAttribute() : ParsedByAttribute(text => AlertText.Parse(text), AlertText.Accepted);

/// <summary>The value is a device class of Home Assistant's binary sensors.</summary>
internal sealed class BinarySensorClassAttribute : ValueRuleAttribute
{
    public override string Accepted => string.Join(", ", BinarySensorClasses.All.Select(word => $"`{word}`"));

    public override string? FindError(object value) => BinarySensorClasses.All.Contains((string)value)
        ? null
        : $"is not a device class of Home Assistant's binary sensors{(ClosestName.Of((string)value, [.. BinarySensorClasses.All]) is { } near ? $"; did you mean '{near}'?" : "")}; {string.Join(", ", BinarySensorClasses.All)} would be accepted";
}

/// <summary>The value is a time zone of the IANA database.</summary>
internal sealed class TimeZoneNameAttribute : ValueRuleAttribute
{
    public override string Accepted => "a name such as `Europe/Berlin`";

    public override string? FindError(object value) => TimeZoneInfo.TryFindSystemTimeZoneById((string)value, out _)
        ? null
        : "is not a time zone that this machine knows (package tzdata); a name such as 'Europe/Berlin' would be accepted";
}
