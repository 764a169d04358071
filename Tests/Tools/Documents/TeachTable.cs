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

/// <summary>The demo's model taught with some scenes and tested on the others: rendered ones, or the held-out ones of the repository.</summary>
internal static class TeachTable
{
    /// <summary>Rendered scenes for each kind of question, so many that an accuracy on them is known to about 1 %.</summary>
    private const int Scenes = 1500;

    private const int ScenesOfOneCar = 2400;

    /// <summary>The first seed of the scenes; those of one car follow.</summary>
    private const int FirstSeed = 10_000_000;

    /// <summary>Questions that the model was not trained on, and one that it was.</summary>
    public static readonly IReadOnlyList<TaughtCase> Cases =
    [
        new("Are there at least two people?", scene => Several("people").IsMatch(scene)),
        new("Are there at least two cars?", scene => Several("cars").IsMatch(scene)),
        new("Is the car white?", scene => ColorOfTheCar(scene) is { } color ? color == "white" : null) { IsAboutOneCar = true },
        new("Is the car white or yellow?", scene => ColorOfTheCar(scene) is { } color ? color is "white" or "yellow" : null) { IsAboutOneCar = true },
        new("Is there a dog?", scene => scene.Contains("a dog", StringComparison.Ordinal)),
    ];

    /// <summary>Labels of each answer.</summary>
    public static readonly IReadOnlyList<int> Sizes = [4, 8, 16, 32];

    /// <summary>How many times the labels are drawn.</summary>
    public const int Draws = 100;

    public const string Header =
        "| Question | labels | model alone | taught | encoder only | interval holds, width | worse |\n| --- | --- | --- | --- | --- | --- | --- |";

    /// <summary>Asks the model about all held-out scenes, with every feature.</summary>
    /// <returns>For each question the scenes that it is about.</returns>
    public static IReadOnlyList<LabelledSample>[] Samples(ModelFolder folder, IReadOnlyList<TaughtCase> cases) =>
        Samples(folder, cases, HeldOutScene.Load().Select(scene => new ShownScene(scene.Image, scene.Description, () => scene.Read().Pixels)));

    /// <summary>Asks the model about rendered scenes. Questions about one car get scenes with one.</summary>
    public static IReadOnlyList<LabelledSample>[] RenderedSamples(ModelFolder folder, IReadOnlyList<TaughtCase> cases)
    {
        static IEnumerable<ShownScene> Render(int first, int count, int? cars) => Enumerable.Range(first, count).Select(seed =>
        {
            var scene = RenderedScene.Of(seed, cars);
            return new ShownScene(string.Create(CultureInfo.InvariantCulture, $"scene {seed}"), scene.Description, scene.Render);
        });

        TaughtCase[] others = [.. cases.Where(it => !it.IsAboutOneCar)];
        TaughtCase[] ofOneCar = [.. cases.Where(it => it.IsAboutOneCar)];
        var found = others.Zip(Samples(folder, others, Render(FirstSeed, Scenes, null)))
            .Concat(ofOneCar.Zip(Samples(folder, ofOneCar, Render(FirstSeed + Scenes, ScenesOfOneCar, 1)))).ToDictionary();
        return [.. cases.Select(it => found[it])];
    }

    private static IReadOnlyList<LabelledSample>[] Samples(ModelFolder folder, IReadOnlyList<TaughtCase> cases, IEnumerable<ShownScene> scenes)
    {
        using var encoder = new VisionEncoder(folder, new ExecutionSettings());
        using var answerer = QuestionAnswerer.Open(folder, new ExecutionSettings());
        var samples = cases.Select(_ => new List<LabelledSample>()).ToArray();
        Question[] questions = [.. cases.Select(asked => new Question(asked.Text, AnswerKind.YesNo) { Features = FeatureGroups.All })];
        foreach (var scene in scenes)
        {
            using var tokens = encoder.Encode(new RgbImage(scene.Read(), RenderedScene.Width, RenderedScene.Height));
            answerer.AskAbout(tokens, questions, (at, answer) =>
            {
                if (cases[at].IsYes(scene.Description) is { } isYes)
                {
                    samples[at].Add(new LabelledSample(scene.Name, isYes ? 1 : 0, [ModelScores.Logit(answer.Score!.Value)], answer.Features));
                }
            });
        }

        return samples;
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
            LabelledSample[] tests = [.. order.Except(labels)];
            var result = Teacher.Learn(labels, features);
            return new TaughtDraw(
                result.Estimate,
                TaughtTest.Of(tests, it => it.Scores),
                TaughtTest.Of(tests, it => result.Head?.Apply(it.Features, it.Scores) ?? it.Scores),
                result.Encoder is { } encoder ? TaughtTest.Of(tests, it => encoder.Head.Apply(it.Features, [])) : null);
        })];

    /// <summary>One row of the table.</summary>
    public static string Row(TaughtCase asked, int each, TaughtDraw[] draws) => string.Create(
        CultureInfo.InvariantCulture,
        $"| {asked.Text} | {each} + {each} | {Cell(draws, it => it.Plain, withRange: false)} | {Cell(draws, it => it.Chosen, withRange: true)} "
        + $"| {Cell(draws, it => it.Encoder!, withRange: true)} | {draws.Average(it => it.Holds ? 1.0 : 0.0):0 %}, {draws.Average(it => it.Estimate.High - it.Estimate.Low):0.00} | {draws.Average(it => it.IsWorse ? 1.0 : 0.0):0 %} |");

    private static string Cell(TaughtDraw[] draws, Func<TaughtDraw, TaughtTest> test, bool withRange)
    {
        var (low, mean, high) = Range(draws, it => test(it).Accuracy);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{mean:0.00}{(withRange ? FormattableString.Invariant($" ({low:0.00} to {high:0.00})") : "")}, {draws.Average(it => test(it).Area):0.00}");
    }

    /// <summary>Of the draws, the value that 5 % are below, the mean, and the value that 5 % are above.</summary>
    public static (double Low, double Mean, double High) Range(TaughtDraw[] draws, Func<TaughtDraw, double> value)
    {
        double[] sorted = [.. draws.Select(value).Order()];
        var outside = sorted.Length / 20;
        return (sorted[outside], sorted.Average(), sorted[^(1 + outside)]);
    }

    private static Regex Several(string things) => new($"(two|three|four) {things}", RegexOptions.None, TimeSpan.FromSeconds(1));

    /// <summary>Null where there is none or several.</summary>
    private static string? ColorOfTheCar(string scene) =>
        Regex.Match(scene, @" a (\w+) car", RegexOptions.None, TimeSpan.FromSeconds(1)) is { Success: true } match ? match.Groups[1].Value : null;
}

/// <param name="Text">The question.</param>
/// <param name="IsYes">The answer, from the description of a scene; null where the question is not about it.</param>
internal sealed record TaughtCase(string Text, Func<string, bool?> IsYes)
{
    /// <summary>The question makes sense only for scenes with one car.</summary>
    public bool IsAboutOneCar { get; init; }
}

/// <param name="Name">For reports.</param>
/// <param name="Description">What is in it, in words.</param>
/// <param name="Read">Its pixels, RGB, of the size of all scenes.</param>
internal sealed record ShownScene(string Name, string Description, Func<byte[]> Read);

/// <summary>A scorer on scenes that were not learned from.</summary>
/// <param name="Right">Whether it was right about each.</param>
/// <param name="Balanced">Share of right answers if both answers were equally frequent, as among the labels.</param>
/// <param name="Area">Area under the ROC curve.</param>
internal sealed record TaughtTest(bool[] Right, double Balanced, double Area)
{
    /// <summary>Share of right answers.</summary>
    public double Accuracy => Right.Average(it => it ? 1.0 : 0.0);

    public static TaughtTest Of(LabelledSample[] tests, Func<LabelledSample, double[]> outputs)
    {
        double[][] all = [.. tests.Select(outputs)];
        bool[] right = [.. tests.Zip(all, (test, values) => LabelledSample.Decide(values) == test.Class)];
        return new TaughtTest(
            right,
            tests.Zip(right).GroupBy(it => it.First.Class, it => it.Second ? 1.0 : 0.0).Average(answer => answer.Average()),
            Auc.OfOutputs(all, [.. tests.Select(it => it.Class)]));
    }
}

/// <summary>What was learned from one draw of labels, on the other scenes.</summary>
/// <param name="Estimate">What it promises.</param>
/// <param name="Plain">The model's own score.</param>
/// <param name="Chosen">The chosen scorer.</param>
/// <param name="Encoder">The head that needs no decoder.</param>
internal sealed record TaughtDraw(AccuracyEstimate Estimate, TaughtTest Plain, TaughtTest Chosen, TaughtTest? Encoder)
{
    /// <summary>One-sided 5 % of the normal distribution.</summary>
    private const double Noise = 1.645;

    /// <summary>The interval of the estimate holds the accuracy on the other scenes.</summary>
    public bool Holds => Chosen.Balanced >= Estimate.Low && Chosen.Balanced <= Estimate.High;

    /// <summary>The chosen scorer answers worse than the model alone by more than the noise of this test (McNemar).</summary>
    public bool IsWorse
    {
        get
        {
            var lost = Plain.Right.Zip(Chosen.Right).Count(it => it is (true, false));
            var gained = Plain.Right.Zip(Chosen.Right).Count(it => it is (false, true));
            return lost - gained > Noise * Math.Sqrt(lost + gained);
        }
    }
}
