using MobileVlm.Edge.Inference.Teaching.Heads;

namespace MobileVlm.Edge.Inference.Answers;

/// <summary>Turns outputs of a head into answers.</summary>
internal static class TaughtAnswers
{
    /// <summary>An answer from the visual tokens alone; null where the decoder has to be asked.</summary>
    public static Answer? TryEncoder(Question question, CurrentPicture picture) =>
        question is { Kind: not AnswerKind.Text, Taught: { } taught }
        && taught.TryEncoder(picture.Feature) is { } outputs
            ? Of(new Answer(question, "", "", null, [], FinishReason.Stopped, default), outputs, ScoreSource.Encoder)
            : null;

    /// <summary>The model's answer, rescored where the question has a head.</summary>
    public static Answer Rescored(Answer answer)
    {
        if (answer.Question.Taught?.Head is not { } head)
        {
            return answer;
        }

        var scores = answer.Question.Kind == AnswerKind.YesNo
            ? [ModelScores.Logit(answer.Score!.Value)]
            : ModelScores.Logarithms(answer.ChoiceScores);
        return Of(answer, head.Apply(answer.Features, scores), head.Terms.Count == 0 ? ScoreSource.Threshold : ScoreSource.Head) with
        {
            ModelScore = answer.Score,
        };
    }

    /// <summary>The answer with whether its picture is unlike the labelled ones, where the question has a reference for that.</summary>
    public static Answer Compared(Answer answer, CurrentPicture picture) =>
        answer is { Score: not null, Question.Taught.Reference: { } reference } && picture.Count > 0
            ? answer with { IsUnlikeLabels = reference.IsUnlike(picture.Feature(Teaching.Features.FeatureKinds.VisualTokens)) }
            : answer;

    private static Answer Of(Answer answer, double[] outputs, ScoreSource source)
    {
        if (answer.Question.Kind == AnswerKind.YesNo)
        {
            var score = ModelScores.Sigmoid(outputs[0]);
            var yes = score >= 0.5;
            return answer with { Value = yes ? "yes" : "no", Text = yes ? "Yes" : "No", Score = score, ScoredBy = source };
        }

        var choices = ModelScores.SoftMax(outputs);
        var best = choices.Index().MaxBy(choice => choice.Item).Index;
        var value = answer.Question.Choices[best];
        return answer with { Value = value, Text = value, Score = choices[best], ChoiceScores = choices, ScoredBy = source };
    }
}
