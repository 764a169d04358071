using MobileVlm.Edge.Tools.Documents;
using Xunit.Abstractions;

namespace MobileVlm.Edge.EndToEnd.Tests.Accuracy;

/// <summary>The loss of each kind of weights for the demo's model: its answers about held-out images compared with its own in
/// float32, and its import's report compared with Deploy/docs/measured-losses.md. The program <c>Tests/Tools/Documents</c> measures every
/// precision on all images.</summary>
public sealed class LossTableTests(ITestOutputHelper output) : IDisposable
{
    private const int Scenes = 40;

    private static readonly StatedTable Stated = new("The demo's model", "Decoder", names: 2);

    private readonly string _folder = Directory.CreateTempSubdirectory("mobilevlm-loss-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Answers_of_each_kind_of_weights_agree_with_those_of_float32_and_their_loss_is_the_one_stated()
    {
        var errors = new List<string>();
        output.WriteLine(DemoLossTable.Header);
        foreach (var loss in DemoLossTable.Measure(
            DemoLossTable.Precisions.Where(it => it.IsTestedInEachRun), HeldOutScene.LoadEvenly(Scenes), _folder))
        {
            output.WriteLine(loss.ToRow());
            if (loss.Agreement < loss.Precision.Agreement)
            {
                errors.Add($"{loss.Precision}: {loss.Agreement:p1} agree.");
            }

            CompareWithStated(errors, loss);
        }

        Assert.Empty(errors);
    }

    /// <summary>Compares the import's own report, which does not depend on the number of scenes. The tolerance is for other kernels, which
    /// round differently.</summary>
    private static void CompareWithStated(List<string> errors, DemoLoss loss)
    {
        // What 'auto' chooses depends on the processor, and an exact model has no loss to report.
        if (loss.Precision is { Decoder: "auto" } or { Decoder: "fp32", Vision: "fp32" })
        {
            return;
        }

        var row = $"{loss.Precision.Decoder}, {loss.Precision.Vision}";
        var report = loss.Model.Manifest.Loss ?? throw new InvalidDataException($"{row}: the import reports no loss.");
        var (divergence, cosine) = (Stated.Numbers(row, DemoLossTable.Divergence)[0], Stated.Numbers(row, DemoLossTable.Cosine)[0]);
        var (nats, lowest) = ((report.Whole ?? report.Decoder).MeanDivergence, report.Vision!.LowestCosine);
        if (nats > (1.5 * divergence) + 1e-3 || 1 - lowest > (1.5 * (1 - cosine)) + 2e-5)
        {
            errors.Add($"{row}: {nats:0.0000} nats and cosine {lowest:0.00000}, stated is {divergence} and {cosine}.");
        }
    }
}
