using System.Globalization;
using System.Text.RegularExpressions;
using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Images;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Sessions;
using MobileVlm.Edge.Inference.Teaching.Features;
using MobileVlm.Edge.Inference.Teaching.Heads;
using MobileVlm.Edge.Inference.Teaching.Learning;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Tools.Documents;

/// <summary>The demo's model taught with some of its held-out scenes and tested on the others.</summary>
internal static class TeachTable
{
    /// <summary>Questions that the model was not trained on, and one that it was.</summary>
    public static readonly IReadOnlyList<TaughtCase> Cases =
    [
        new("Are there at least two people?", scene => Several("people").IsMatch(scene)),
        new("Are there at least two cars?", scene => Several("cars").IsMatch(scene)),
        new("Is there a dog?", scene => scene.Contains("a dog", StringComparison.Ordinal)),
    ];

    public const string Header =
        "| Question | labels | plain: correct, AUC | chosen: correct, AUC | estimate | interval holds | no decoder |\n| --- | --- | --- | --- | --- | --- | --- |";

    /// <summary>Asks the model about all scenes, with every feature.</summary>
    public static IReadOnlyList<LabelledSample> Samples(ModelFolder folder, TaughtCase asked)
    {
        using var encoder = new VisionEncoder(folder, new ExecutionSettings());
        using var answerer = QuestionAnswerer.Open(folder, new ExecutionSettings());
        return [.. HeldOutScene.Load().Select(scene =>
        {
            var picture = scene.Read();
            using var tokens = encoder.Encode(new RgbImage(picture.Pixels, picture.Width, picture.Height));
            Answer? answer = null;
            answerer.AskAbout(tokens, [new Question(asked.Text, AnswerKind.YesNo) { Features = FeatureGroups.All }], (_, it) => answer = it);
            return new LabelledSample(
                scene.Image, asked.IsYes(scene.Questions[^1].Answer) ? 1 : 0, [ModelScores.Logit(answer!.Score!.Value)], answer.Features);
        })];
    }

    /// <summary>Teaches with random labels.</summary>
    /// <param name="samples">All scenes.</param>
    /// <param name="each">Labels of each answer.</param>
    /// <param name="draws">How many times.</param>
    /// <param name="features">Features that a head may use.</param>
    public static TaughtDraw[] Draw(IReadOnlyList<LabelledSample> samples, int each, int draws, FeatureKinds features = FeatureGroups.All) =>
        [.. Enumerable.Range(0, draws).Select(seed =>
        {
            var random = new Random(seed);
            var order = samples.ToArray();
            random.Shuffle(order);
            LabelledSample[] labels = [.. order.Where(it => it.Class == 1).Take(each), .. order.Where(it => it.Class == 0).Take(each)];
            var tests = order.Except(labels).ToArray();
            var result = Teacher.Learn(labels, features);
            return new TaughtDraw(
                result,
                Accuracy(tests, it => it.Scores), Area(tests, it => it.Scores),
                Accuracy(tests, it => result.Head?.Apply(it.Features, it.Scores) ?? it.Scores),
                Area(tests, it => result.Head?.Apply(it.Features, it.Scores) ?? it.Scores),
                result.Encoder is { } encoder ? Accuracy(tests, it => encoder.Head.Apply(it.Features, [])) : 0);
        })];

    /// <summary>One row of the table.</summary>
    public static string Row(TaughtCase asked, int each, TaughtDraw[] draws) => string.Create(
        CultureInfo.InvariantCulture,
        $"| {asked.Text} | {each} + {each} | {Mean(draws, it => it.PlainAccuracy)}, {Mean(draws, it => it.PlainAuc)} "
        + $"| {Spread(draws, it => it.Accuracy)}, {Mean(draws, it => it.Auc)} | {Spread(draws, it => it.Result.Estimate.Accuracy)} "
        + $"| {draws.Count(it => it.Holds)} of {draws.Length} | {Spread(draws, it => it.EncoderAccuracy)} |");

    private static double Accuracy(LabelledSample[] samples, Func<LabelledSample, double[]> outputs) =>
        samples.Average(it => LabelledSample.Decide(outputs(it)) == it.Class ? 1.0 : 0.0);

    private static double Area(LabelledSample[] samples, Func<LabelledSample, double[]> outputs) =>
        Auc.OfOutputs([.. samples.Select(outputs)], [.. samples.Select(it => it.Class)]);

    private static string Mean(TaughtDraw[] draws, Func<TaughtDraw, double> value) => draws.Average(value).ToString("0.00", CultureInfo.InvariantCulture);

    private static string Spread(TaughtDraw[] draws, Func<TaughtDraw, double> value)
    {
        var mean = draws.Average(value);
        var deviation = Math.Sqrt(draws.Average(draw => (value(draw) - mean) * (value(draw) - mean)));
        return string.Create(CultureInfo.InvariantCulture, $"{mean:0.00} ± {deviation:0.00}");
    }

    private static Regex Several(string things) => new($"(two|three|four) {things}", RegexOptions.None, TimeSpan.FromSeconds(1));
}

/// <param name="Text">The question.</param>
/// <param name="IsYes">The answer, from the description of a scene.</param>
internal sealed record TaughtCase(string Text, Func<string, bool> IsYes);

/// <param name="Result">What was learned from one draw of labels.</param>
/// <param name="PlainAccuracy">Of the model's own score on the other scenes.</param>
/// <param name="PlainAuc">The same.</param>
/// <param name="Accuracy">Of the chosen scorer on the other scenes.</param>
/// <param name="Auc">The same.</param>
/// <param name="EncoderAccuracy">Of the head that needs no decoder.</param>
internal sealed record TaughtDraw(
    TeachingResult Result, double PlainAccuracy, double PlainAuc, double Accuracy, double Auc, double EncoderAccuracy)
{
    /// <summary>The interval of the estimate holds the accuracy on the other scenes.</summary>
    public bool Holds => Accuracy >= Result.Estimate.Low && Accuracy <= Result.Estimate.High;
}
