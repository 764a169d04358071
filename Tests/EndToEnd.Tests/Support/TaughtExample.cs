using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Images;
using MobileVlm.Edge.Inference.Sessions;
using MobileVlm.Edge.Inference.Teaching.Features;
using MobileVlm.Edge.Inference.Teaching.Files;
using MobileVlm.Edge.Inference.Teaching.Heads;
using MobileVlm.Edge.Inference.Teaching.Learning;
using MobileVlm.Edge.Inference.Vision;
using MobileVlm.Edge.Tools.Documents;

namespace MobileVlm.Edge.EndToEnd.Tests.Support;

/// <summary>Taught files that answer as a test needs it, and files that are learned from held-out scenes.</summary>
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
            Question = new TaughtText(new Question(ask, AnswerKind.YesNo).PromptFor(manifest), [], region),
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

    /// <summary>Teaches two questions about the number of people, yes/no and a choice, with the same scenes.</summary>
    /// <param name="each">Scenes of each answer.</param>
    /// <param name="shown">Not learned from: what the taught heads have to answer about it is returned.</param>
    public static IReadOnlyList<LearnedExample> Learn(int each, string shown)
    {
        var scenes = HeldOutScene.Load();
        var about = scenes.Single(scene => scene.Image == shown);
        var labels = scenes.Where(scene => scene != about).GroupBy(IsSeveral).SelectMany(group => group.Take(each)).ToList();
        Question[] questions =
        [
            new Question(TeachTable.Cases[0].Text, AnswerKind.YesNo) { Features = FeatureGroups.All },
            new Question("How many people are there?", AnswerKind.Choice) { Choices = ["at most one", "several"], Features = FeatureGroups.All, MinMass = 0 },
        ];
        using var encoder = new VisionEncoder(DemoModel.Folder, new ExecutionSettings());
        using var answerer = QuestionAnswerer.Open(DemoModel.Folder, new ExecutionSettings());
        List<LabelledSample> Read(HeldOutScene scene)
        {
            var (picture, samples) = (scene.Read(), new List<LabelledSample>());
            using var tokens = encoder.Encode(new RgbImage(picture.Pixels, picture.Width, picture.Height));
            answerer.AskAbout(tokens, questions, (_, answer) => samples.Add(new LabelledSample(
                scene.Image,
                IsSeveral(scene) ? 1 : 0,
                answer.Question.Kind == AnswerKind.YesNo ? [ModelScores.Logit(answer.Score!.Value)] : ModelScores.Logarithms(answer.ChoiceScores),
                answer.Features)));
            return samples;
        }

        var (read, test) = (labels.ConvertAll(Read), Read(about));
        return [.. questions.Select((question, at) =>
        {
            var result = Teacher.Learn([.. read.Select(samples => samples[at])], FeatureGroups.All);
            var counts = new Dictionary<string, int> { ["no"] = each, ["yes"] = each };
            var manifest = DemoModel.Folder.Manifest;
            return new LearnedExample(
                question,
                TaughtQuestion.Of("test", manifest, new TaughtText(question.PromptFor(manifest), question.Choices, null), result, counts),
                result.Head!.Apply(test[at].Features, test[at].Scores),
                result.Encoder!.Head.Apply(test[at].Features, []));
        })];
    }

    private static bool IsSeveral(HeldOutScene scene) => TeachTable.Cases[0].IsYes(scene.Description) == true;
}

/// <summary>A question that was learned.</summary>
/// <param name="Question">The question.</param>
/// <param name="Taught">What was learned.</param>
/// <param name="Head">Outputs of the head about the scene that is shown.</param>
/// <param name="Encoder">Outputs of the head that needs no decoder.</param>
internal sealed record LearnedExample(Question Question, TaughtQuestion Taught, double[] Head, double[] Encoder)
{
    /// <summary>The value and the score that outputs mean.</summary>
    public (string Value, double Score) Answer(double[] outputs)
    {
        if (Question.Kind == AnswerKind.YesNo)
        {
            var yes = ModelScores.Sigmoid(outputs[0]);
            return (yes >= 0.5 ? "yes" : "no", yes);
        }

        var shares = ModelScores.SoftMax(outputs);
        var best = LabelledSample.Decide(outputs);
        return (Question.Choices[best], shares[best]);
    }
}
