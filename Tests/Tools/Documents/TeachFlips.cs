using System.Globalization;
using MobileVlm.Edge.Inference.Teaching.Features;
using MobileVlm.Edge.Inference.Teaching.Learning;

namespace MobileVlm.Edge.Tools.Documents;

/// <summary>How many wrong labels are named when every tenth label is wrong.</summary>
internal static class TeachFlips
{
    public const string Header =
        "| Question | labels | wrong ones named | right ones named | named at most, by a head that knows |\n| --- | --- | --- | --- | --- |";

    /// <summary>Labels of each answer from which the head that knows is taught, all of them right.</summary>
    private const int Known = 150;

    /// <summary>Labels of each answer.</summary>
    public static readonly IReadOnlyList<int> Sizes = [20, 50];

    /// <summary>Draws labels, turns every tenth around and teaches.</summary>
    public static FlippedDraw[] Draw(IReadOnlyList<LabelledSample> samples, int each, int draws, FeatureKinds features = FeatureGroups.All) =>
        [.. Enumerable.Range(0, draws).Select(seed =>
        {
            var (labels, wrong) = Flipped(samples, each, seed);
            var suspects = Teacher.Learn(labels, features).Suspects;
            return new FlippedDraw(suspects.Count(wrong.Contains), wrong.Count, suspects.Count(i => !wrong.Contains(i)), labels.Length - wrong.Count);
        })];

    /// <summary>The share of labels whose answer is known by a head from many right labels of other scenes: that of wrong labels which no
    /// learner of this kind exceeds by much.</summary>
    public static double Ceiling(IReadOnlyList<LabelledSample> samples)
    {
        var order = Shuffled(samples, 0);
        LabelledSample[] known = [.. Of(order, 1).Take(Known), .. Of(order, 0).Take(Known)];
        var result = Teacher.Learn(known, FeatureGroups.All);
        return TaughtTest.Of([.. order.Except(known)], it => result.Head?.Apply(it.Features, it.Scores) ?? it.Scores).Balanced;
    }

    /// <summary>One row of the table.</summary>
    public static string Row(TaughtCase asked, int each, FlippedDraw[] draws, double ceiling) => string.Create(
        CultureInfo.InvariantCulture,
        $"| {asked.Text} | {each} + {each} | {(double)draws.Sum(it => it.Named) / draws.Sum(it => it.Wrong):0 %} "
        + $"| {(double)draws.Sum(it => it.OthersNamed) / draws.Sum(it => it.Others):0 %} | {ceiling:0 %} |");

    private static (LabelledSample[] Labels, HashSet<int> Wrong) Flipped(IReadOnlyList<LabelledSample> samples, int each, int seed)
    {
        var order = Shuffled(samples, seed);
        LabelledSample[] labels = [.. Of(order, 1).Take(each), .. Of(order, 0).Take(each)];

        // The order is random, so the first ones of each answer are as good as any.
        HashSet<int> wrong = [.. Enumerable.Range(0, each / 10), .. Enumerable.Range(each, each / 10)];
        foreach (var i in wrong)
        {
            labels[i] = labels[i] with { Class = 1 - labels[i].Class };
        }

        return (labels, wrong);
    }

    private static LabelledSample[] Shuffled(IReadOnlyList<LabelledSample> samples, int seed)
    {
        var order = samples.ToArray();
        new Random(seed).Shuffle(order);
        return order;
    }

    private static IEnumerable<LabelledSample> Of(LabelledSample[] samples, int @class) => samples.Where(it => it.Class == @class);
}

/// <summary>What was named of one draw.</summary>
/// <param name="Named">Wrong labels that were named.</param>
/// <param name="Wrong">All wrong labels.</param>
/// <param name="OthersNamed">Right labels that were named.</param>
/// <param name="Others">All right labels.</param>
internal sealed record FlippedDraw(int Named, int Wrong, int OthersNamed, int Others);
