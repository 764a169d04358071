using MobileVlm.Edge.Connectors.Http.Api;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;
using MobileVlm.Edge.Inference.Answers;

namespace MobileVlm.Edge.Actors.Questions.AnswerTypes;

/// <summary><c>yes</c> or <c>no</c>, decided by the probability of yes.</summary>
internal sealed class YesNoHandler : AnswerHandler
{
    public override bool IsWritten => false;

    internal override AnswerType Published => AnswerType.YesNo;

    internal override IReadOnlyList<string> EventStates(StandingQuestion question) => question.Rules.Events switch
    {
        EventRule.Yes => [AnswerWords.Yes],
        EventRule.No => [AnswerWords.No],
        _ => [AnswerWords.Yes, AnswerWords.No],
    };

    internal override UnsureRule DefaultUnsure => UnsureRule.Keep;

    public override Question ToModelQuestion(string ask, IReadOnlyList<string> choices, int maxTokens) => new(ask, AnswerKind.YesNo);

    internal override ScoreThresholds? ToShown(Thresholds thresholds) => new(thresholds.YesAbove, thresholds.NoBelow, null);

    private protected override ParsedAnswer ParseSound(Answer answer, NumberBounds bounds, Thresholds thresholds)
    {
        // Without a probability, the engine's answer counts as certain.
        var value = answer.Score is not { } score ? answer.Value
            : score >= thresholds.YesAbove ? AnswerWords.Yes
            : score <= thresholds.NoBelow ? AnswerWords.No
            : null;
        return Scored(answer, value);
    }
}
