using System.Globalization;
using System.Text.RegularExpressions;

namespace MobileVlm.Edge.Actors.Questions;

/// <summary>Comparison operators for a state.</summary>
public enum ConditionOperator
{
    Is,
    IsNot,
    Above,
    AtLeast,
    Below,
    AtMost,
}

/// <summary>A condition on the state of another question: <c>person</c> (is yes), <c>door = open</c>,
/// <c>hall/cars >= 2</c>.</summary>
/// <param name="Camera">Null the same camera.</param>
/// <param name="Question">Whose state.</param>
/// <param name="Operator">The comparison.</param>
/// <param name="Value">What it is compared with.</param>
public sealed partial record QuestionCondition(string? Camera, string Question, ConditionOperator Operator, string Value)
{
    /// <summary>Syntax that <see cref="Parse"/> accepts, for messages.</summary>
    public const string Accepted = "'person', 'person = no', 'colour != red', 'cars >= 2' or 'hall/person'";

    /// <exception cref="FormatException">The text cannot be read; the message completes a sentence that begins with the text.</exception>
    public static QuestionCondition Parse(string text)
    {
        var match = Shape().Match(text);
        if (!match.Success)
        {
            throw Unreadable();
        }

        var (operation, value) = match.Groups["op"].Value switch
        {
            "" => (ConditionOperator.Is, "yes"),
            "=" or "==" => (ConditionOperator.Is, match.Groups["value"].Value),
            "!=" => (ConditionOperator.IsNot, match.Groups["value"].Value),
            ">" => (ConditionOperator.Above, match.Groups["value"].Value),
            ">=" => (ConditionOperator.AtLeast, match.Groups["value"].Value),
            "<" => (ConditionOperator.Below, match.Groups["value"].Value),
            "<=" => (ConditionOperator.AtMost, match.Groups["value"].Value),
            _ => throw Unreadable(),
        };
        if (operation > ConditionOperator.IsNot && Number(value) is null)
        {
            throw Unreadable();
        }

        return new QuestionCondition(
            match.Groups["camera"] is { Success: true, Value: var camera } ? camera : null,
            match.Groups["question"].Value,
            operation,
            value);
    }

    /// <param name="state">The other question's state; null and <c>unknown</c> fulfil nothing, not even
    /// <see cref="ConditionOperator.IsNot"/>.</param>
    public bool IsFulfilledBy(string? state)
    {
        if (state is null or AnswerWords.Unknown)
        {
            return false;
        }

        if (Operator is ConditionOperator.Is or ConditionOperator.IsNot)
        {
            return state.Equals(Value, StringComparison.OrdinalIgnoreCase) == (Operator == ConditionOperator.Is);
        }

        return Number(state) is { } given && Number(Value) is { } limit && Operator switch
        {
            ConditionOperator.Above => given > limit,
            ConditionOperator.AtLeast => given >= limit,
            ConditionOperator.Below => given < limit,
            ConditionOperator.AtMost => given <= limit,
            _ => throw new InvalidOperationException($"The operator {Operator} compares no numbers."),
        };
    }

    private static double? Number(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static FormatException Unreadable() => new($"is not a condition; {Accepted} would be accepted");

    [GeneratedRegex(
        @"\A\s*((?<camera>[A-Za-z0-9_-]+)/)?(?<question>[A-Za-z0-9_-]+)\s*((?<op>==|=|!=|>=|>|<=|<)\s*(?<value>\S(.*\S)?)\s*)?\z")]
    private static partial Regex Shape();
}

/// <summary>Words that are used in topics.</summary>
public static class AnswerWords
{
    public const string Yes = "yes";

    public const string No = "no";

    public const string Unknown = "unknown";
}
