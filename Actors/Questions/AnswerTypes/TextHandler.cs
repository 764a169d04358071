using MobileVlm.Edge.Connectors.Mqtt.Payloads;
using MobileVlm.Edge.Inference.Answers;

namespace MobileVlm.Edge.Actors.Questions.AnswerTypes;

/// <summary>The text that the model wrote, without control characters.</summary>
internal sealed class TextHandler : AnswerHandler
{
    /// <summary>Replaces bytes that are not UTF-8.</summary>
    private const char Undecodable = '\ufffd';

    public override bool IsWritten => true;

    internal override AnswerType Published => AnswerType.Text;

    internal override bool IsFreeText => true;

    public override Question ToModelQuestion(string ask, IReadOnlyList<string> choices, int maxTokens) =>
        new(ask, AnswerKind.Text, maxTokens);

    private protected override ParsedAnswer ParseSound(Answer answer, NumberBounds bounds, Thresholds thresholds)
    {
        var text = string.Concat(answer.Text.Where(c => !char.IsControl(c) || c is '\n' or '\t')).Trim();
        var hasText = text.Any(c => c != Undecodable && !char.IsWhiteSpace(c));
        return new ParsedAnswer
        {
            Value = hasText ? text : null,
            Unclear = hasText ? null : UnknownReason.NoText,
            Text = answer.Text,
        };
    }
}
