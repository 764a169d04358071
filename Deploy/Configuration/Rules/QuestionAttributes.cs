using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Scenes;
using MobileVlm.Edge.Actors.States;

namespace MobileVlm.Edge.Deploy.Configuration.Rules;

/// <summary>A text that its own type reads.</summary>
internal abstract class ReadByAttribute(Action<string> parse, string accepted) : ValueRuleAttribute
{
    public override string Accepted => accepted.Replace('\'', '`');

    public override string? FindFault(object value)
    {
        try
        {
            parse((string)value);
            return null;
        }
        catch (FormatException fault)
        {
            return fault.Message;
        }
    }
}

/// <summary>Times of the week.</summary>
internal sealed class WeeklySlotAttribute() : ReadByAttribute(text => WeeklySlot.Parse(text), WeeklySlot.Accepted);

/// <summary>Another question's state.</summary>
internal sealed class ConditionAttribute() : ReadByAttribute(text => QuestionCondition.Parse(text), QuestionCondition.Accepted);

/// <summary>A shape on the picture.</summary>
internal sealed class PolygonAttribute() : ReadByAttribute(text => RegionPolygon.Parse(text), RegionPolygon.Accepted);

/// <summary>The words of an event.</summary>
internal sealed class AlertTemplateAttribute() : ReadByAttribute(text => AlertText.Parse(text), AlertText.Accepted);

/// <summary>A time zone of the IANA database.</summary>
internal sealed class TimeZoneNameAttribute : ValueRuleAttribute
{
    public override string Accepted => "a name such as `Europe/Berlin`";

    public override string? FindFault(object value) => TimeZoneInfo.TryFindSystemTimeZoneById((string)value, out _)
        ? null
        : "is no time zone that this box knows (package tzdata); a name such as 'Europe/Berlin' would be accepted";
}
