using MobileVlm.Edge.Inference.Evaluation.Benchmarks;

namespace MobileVlm.Edge.Inference.Tests.Evaluation.Benchmarks;

public sealed class TextVqaAnswerTests
{
    [Fact]
    public void Texts_are_normalised_as_by_the_published_code()
    {
        var pairs = EvaluationFixtures.Json("scores", "textvqa-normalise.json").EnumerateArray().ToList();
        Assert.Equal(129, pairs.Count);
        Assert.All(pairs, pair => Assert.Equal(pair.Text("normalised"), TextVqaAnswer.Normalise(pair.Text("text"))));
    }

    [Fact]
    public void Answers_are_scored_as_by_the_published_code()
    {
        var cases = EvaluationFixtures.Json("scores", "textvqa-score.json").EnumerateArray().ToList();
        Assert.All(cases, it => Assert.Equal(
            it.GetProperty("score").GetDouble(),
            TextVqaAnswer.Score(it.Text("prediction"), [.. it.GetProperty("answers").EnumerateArray().Select(answer => answer.GetString()!)]),
            1e-12));
    }
}
