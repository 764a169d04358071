using MobileVlm.Edge.Deploy.Commands.Models;
using MobileVlm.Edge.Inference.Evaluation.Benchmarks;
using MobileVlm.Edge.Inference.Images;
using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Deploy.Commands.Evaluation;

/// <summary>One model's answers and scores.</summary>
/// <param name="Model">The model.</param>
/// <param name="Answers">In the order of the items.</param>
/// <param name="Scores">Of all answers.</param>
/// <param name="Logits">For a yes/no benchmark and a tokenizer with such tokens.</param>
internal sealed record ModelResult(
    ModelManifest Model, IReadOnlyList<AnsweredItem> Answers, BenchmarkScores Scores, YesNoCalibration? Logits)
{
    public static ModelResult Of(Benchmark benchmark, IReadOnlyList<BenchmarkItem> items, ModelManifest model, AnswerFile file)
    {
        List<AnsweredItem> answers = [];
        List<(AnsweredItem, YesNoReading)> readings = [];
        foreach (var item in items)
        {
            var answer = file.Answers[item.Id].Answer;
            answers.Add(new AnsweredItem(item, answer.Text, benchmark.RightnessOf(item, answer.Text)));
            if (answer.YesNo is { } reading)
            {
                readings.Add((answers[^1], reading));
            }
        }

        return new ModelResult(
            model, answers, benchmark.Score(answers),
            benchmark.IsYesNo && readings.Count == answers.Count ? YesNoCalibration.Of(readings) : null);
    }
}

/// <summary>All that a run of <c>eval</c> found.</summary>
/// <param name="Benchmark">The benchmark.</param>
/// <param name="First">The model's result.</param>
/// <param name="Second">The result of the model that it is compared with.</param>
/// <param name="MaxTokens">Largest number of tokens of an answer.</param>
/// <param name="Sample">Null where all items were asked.</param>
/// <param name="Notes">About the data.</param>
internal sealed record EvaluationReport(
    Benchmark Benchmark, ModelResult First, ModelResult? Second, int MaxTokens, SampleDocument? Sample, IReadOnlyList<string> Notes)
{
    /// <summary>How the answers of both models differ; null where there is one model.</summary>
    public PairedComparison? Comparison { get; } = Second is null ? null : PairedComparison.Of(First.Answers, Second.Answers);

    /// <summary>How pictures became squares.</summary>
    public string Pictures => Benchmark.PictureFit switch
    {
        PictureFit.Pad => "padded",
        PictureFit.CropCentre => "cropped",
        var other => throw new InvalidOperationException($"{nameof(PictureFit)} {other} has no text."),
    };

    public EvaluationDocument Document() => new()
    {
        Benchmark = Benchmark.Name,
        Items = First.Answers.Count,
        Scores = ScoresOf(First),
        Interval = First.Scores.Interval,
        Model = First.Model.Name,
        Precision = PrecisionText.Line(First.Model),
        PublishedScore = Benchmark.PublishedScore,
        IntervalMethod = Benchmark.IntervalMethod,
        ModelHash = EvaluationStamps.OfModel(First.Model),
        MaxTokens = MaxTokens,
        Pictures = Pictures,
        Sample = Sample,
        Notes = Notes,
        Logits = LogitsDocument.Of(First.Logits),
        Compare = Second is { } second && Comparison is { } found ? new CompareDocument
        {
            Model = second.Model.Name,
            Precision = PrecisionText.Line(second.Model),
            ModelHash = EvaluationStamps.OfModel(second.Model),
            Scores = ScoresOf(second),
            Interval = second.Scores.Interval,
            Logits = LogitsDocument.Of(second.Logits),
            Changed = found.Changed.Count,
            ToRight = found.ToRight.Count,
            ToWrong = found.ToWrong.Count,
            P = found.P,
            ChangedIds = found.Changed,
            ToRightIds = found.ToRight,
            ToWrongIds = found.ToWrong,
        }
        : null,
    };

    private static OrderedDictionary<string, double> ScoresOf(ModelResult result)
    {
        var scores = new OrderedDictionary<string, double>();
        foreach (var score in result.Scores.Scores)
        {
            scores.Add(score.Name, score.Value);
        }

        return scores;
    }
}
