using MobileVlm.Edge.Tools.Documents;

namespace MobileVlm.Edge.EndToEnd.Tests.Accuracy;

/// <summary>The demo's model on images on which it was never trained, compared with what the reference implementation reaches
/// with the same weights (Deploy/demo/README.md).</summary>
public sealed class HeldOutTests(HeldOutTests.HeldOutAnswers asked) : IClassFixture<HeldOutTests.HeldOutAnswers>
{
    // The reference reaches 98.9 % and 99.8 %; a JPEG decoder may round a pixel differently.
    [Fact]
    public void The_demo_model_answers_as_well_as_under_the_reference_implementation()
    {
        Assert.Equal(200, HeldOutScene.Load().Length);
        Assert.InRange(asked.Answers.Average(it => it.Correct ? 1.0 : 0), 0.985, 1);
        Assert.InRange(Calibration.Accuracy(asked.Scores, 0.5), 0.995, 1);
    }

    [Fact]
    public void Scores_of_the_demo_model_are_probabilities()
    {
        Assert.True(asked.Scores.Count > 1000);
        Assert.InRange(Calibration.Error(asked.Scores), 0, 0.01);

        // The default thresholds decide nearly every image, and correctly.
        var (share, correct) = Calibration.Decided(asked.Scores);
        Assert.InRange(share, 0.99, 1);
        Assert.InRange(correct, 0.995, 1);
    }

    /// <summary>The answers to all held-out questions.</summary>
    public sealed class HeldOutAnswers
    {
        internal List<GivenAnswer> Answers { get; } = GivenAnswer.AskAll(DemoModel.Folder, HeldOutScene.Load());

        internal List<ScoredAnswer> Scores =>
            [.. Answers.Where(it => it.Score is not null).Select(it => new ScoredAnswer(it.Score!.Value, it.Yes))];
    }
}
