using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Connectors.Http.Api;
using MobileVlm.Edge.Connectors.Http.Server;
using MobileVlm.Edge.Inference.Teaching.Heads;
using MobileVlm.Edge.Inference.Teaching.Learning;
using MobileVlm.Edge.Inference.Teaching.References;

namespace MobileVlm.Edge.Actors.Labels;

/// <summary>Scores of the labels of yes/no questions by the scorer that is in use. Thread-safe.</summary>
/// <param name="labels">The labels.</param>
/// <param name="teaching">Says whether a question was ever taught.</param>
internal sealed class LabelScores(LabelService labels, ITeachingService teaching)
{
    /// <summary>The scores; null, with the reason as a clause, where they are not known.</summary>
    public async Task<(IReadOnlyList<LabelScore>? Scores, string? Reason)> OfAsync(string camera, StandingQuestion question, CancellationToken cancel)
    {
        if (question.Taught?.Scorer is { } scorer)
        {
            return scorer.LabelScores is { } known ? (known, null) : (null, "an earlier version taught the question; teach it again");
        }

        try
        {
            if ((await teaching.VersionsAsync(camera, question.Id, cancel)).Versions.Count > 0)
            {
                return (null, "the question was taught, so that its labels have scores of several scorers; use a taught version");
            }

            var stored = (await labels.ListAsync(camera, question.Id, cancel)).Labels;
            IReadOnlyList<LabelScore> scores =
            [
                .. stored.Where(label => label.Record?.Score is not null)
                    .Select(label => new LabelScore(label.Value == AnswerWords.Yes ? 1 : 0, ModelScores.Logit(label.Record!.Score!.Value))),
            ];
            return scores.CountBy(label => label.Class).Count(kind => kind.Value >= Teacher.LeastLabels) == 2
                ? (scores, null)
                : (null, $"each answer needs at least {Teacher.LeastLabels} labels with a score");
        }
        catch (HttpFailureException refused)
        {
            return (null, refused.Message);
        }
    }
}
