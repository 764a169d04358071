using MobileVlm.Edge.Inference.Teaching.Features;
using MobileVlm.Edge.Inference.Teaching.Files;
using MobileVlm.Edge.Inference.Teaching.Learning;

namespace MobileVlm.Edge.EndToEnd.Tests.Support;

/// <summary>Taught files that answer as a test needs it.</summary>
internal static class TaughtExample
{
    /// <summary>The demo model's question about people, which the tests ask.</summary>
    public const string Ask = "Is there a person?";

    /// <summary>Turns the model's answer around; the encoder alone always says yes.</summary>
    /// <param name="ask">The question.</param>
    /// <param name="region">The region; null for whole pictures.</param>
    public static TaughtQuestion Opposite(string ask = Ask, string? region = null)
    {
        var manifest = DemoModel.Folder.Manifest;
        var hidden = manifest.Language.HiddenSize;
        return new TaughtQuestion
        {
            Version = TaughtQuestion.CurrentVersion,
            CreatedBy = "test",
            Model = TaughtModel.Of(manifest),
            Question = new TaughtText(new Inference.Answers.Question(ask, Inference.Answers.AnswerKind.YesNo).PromptFor(manifest), [], region),
            Labels = new Dictionary<string, int> { ["no"] = 4, ["yes"] = 4 },
            Chosen = ScorerKind.Threshold,
            Estimate = new AccuracyEstimate(0.9, 0.7, 1),
            Head = new TaughtHead([], [[-1.0]], [0.0]),
            Encoder = new TaughtEncoder(
                new TaughtHead([new TaughtTerm(FeatureKinds.VisualTokens.ToName(), [new float[3 * hidden]])], [], [3.0]),
                new AccuracyEstimate(0.8, 0.6, 0.9),
                1.5),
        };
    }
}
