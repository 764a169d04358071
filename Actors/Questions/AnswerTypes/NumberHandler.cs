using System.Globalization;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;
using MobileVlm.Edge.Inference.Answers;

namespace MobileVlm.Edge.Actors.Questions.AnswerTypes;

/// <summary>A number within bounds, read from the text that the model wrote.</summary>
internal sealed class NumberHandler : AnswerHandler
{
    public override bool IsWritten => true;

    internal override AnswerType Published => AnswerType.Number;

    public override Question ToModelQuestion(string ask, IReadOnlyList<string> choices, int maxTokens) =>
        new(ask, AnswerKind.Text, maxTokens);

    private protected override ParsedAnswer ParseSound(Answer answer, NumberBounds bounds, Thresholds thresholds)
    {
        var number = NumberParser.Read(answer.Text, bounds.Unit);
        UnknownReason? unclear =
            number is null ? UnknownReason.NotANumber
            : !double.IsFinite(number.Value) || !bounds.Holds(number.Value) ? UnknownReason.OutOfBounds
            : null;
        return new ParsedAnswer
        {
            Value = unclear is null ? number!.Value.ToString(CultureInfo.InvariantCulture) : null,
            Unclear = unclear,
            Text = answer.Text,
            Number = number is { } read && double.IsFinite(read) ? read : null,
        };
    }
}
