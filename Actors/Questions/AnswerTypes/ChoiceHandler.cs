using MobileVlm.Edge.Connectors.Http.Api;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;
using MobileVlm.Edge.Inference.Answers;

namespace MobileVlm.Edge.Actors.Questions.AnswerTypes;

/// <summary>One of given answers, decided by the probability of each.</summary>
internal sealed class ChoiceHandler : AnswerHandler
{
    public override bool IsWritten => false;

    internal override AnswerType Published => AnswerType.Choice;

    internal override IReadOnlyList<string> EventStates(StandingQuestion question) => question.Choices;

    public override Question ToModelQuestion(string ask, IReadOnlyList<string> choices, int maxTokens) =>
        new(ask, AnswerKind.Choice) { Choices = choices };

    internal override ScoreThresholds? ToShown(Thresholds thresholds) => new(null, null, thresholds.MinScore);

    private protected override ParsedAnswer ParseSound(Answer answer, NumberBounds bounds, Thresholds thresholds) =>
        Scored(answer, answer.Score < thresholds.MinScore ? null : answer.Value) with
        {
            Choices = [.. answer.Question.Choices.Zip(answer.ChoiceScores, KeyValuePair.Create)],
        };
}
