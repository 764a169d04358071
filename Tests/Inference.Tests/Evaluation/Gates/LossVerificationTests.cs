using System.Text.Json;
using MobileVlm.Edge.Inference.Evaluation.Gates;
using MobileVlm.Edge.Inference.Import;
using MobileVlm.Edge.Inference.Import.Precision;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Sessions;
using MobileVlm.Edge.Inference.Verification;
using Xunit.Abstractions;

namespace MobileVlm.Edge.Inference.Tests.Evaluation.Gates;

/// <summary>A folder's loss is measured again as a service runs it, and damaged weights do not pass.</summary>
public sealed class LossVerificationTests(ITestOutputHelper output) : IDisposable
{
    private static readonly string Demo = GoldenFolder.Path("..", "..", "Deploy", "demo", "mobilevlm-demo-gate");

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>The import runs one layer at a time, the service the whole model with its cache: both must measure the same.</summary>
    [Theory]
    [InlineData("mobilevlm-v1", "w8a7")]
    [InlineData("mobilellama", "w8a7")]
    [InlineData("llama-gqa", "none")]
    public void The_import_measures_what_a_service_computes(string name, string prefill)
    {
        var loss = Import(GoldenFolder.Path(name), "int8", "w8a8", prefill).Loss!;
        var again = Measure()!;
        Compare(loss, again);
        Assert.Empty(again.Exceeded);
    }

    [Fact]
    public void Damaged_weights_exceed_every_limit()
    {
        var loss = Import(Demo, "int8", "w8a8", "w8a7").Loss!;
        Compare(loss, Measure()!);
        Assert.All(loss.Gates!, gate => Assert.True(gate.Passed, LossLimits.Describe(gate)));
        Assert.Equal(
            ["visionCosine", "tokenCosine", "meanDivergence", "divergence95", "answerDivergence95", "yesShift", "sameChoices"],
            loss.Gates!.Select(gate => gate.Name));

        // Only the encoder.
        Damage(ModelFolder.VisionFile);
        var found = Names(Measure()!.Exceeded);
        Assert.Contains("tokenCosine", found);
        Restore(ModelFolder.VisionFile);

        // Only the weights that prompts go through: answers begin otherwise.
        Damage(ModelFolder.PrefillFile);
        found = Names(Measure()!.Exceeded);
        Assert.Contains("answerDivergence95", found);
        Assert.Contains("yesShift", found);
        Restore(ModelFolder.PrefillFile);

        // Only the weights that answers go through.
        Damage(ModelFolder.DecoderFile);
        found = Names(Measure()!.Exceeded);
        Assert.Contains("meanDivergence", found);
        Assert.Contains("divergence95", found);
        Assert.Contains("sameChoices", found);
        Assert.DoesNotContain("tokenCosine", found);
    }

    [Fact]
    public void Another_processor_is_named_and_the_same_one_is_not()
    {
        Import(GoldenFolder.Path("mobilellama"), "int8", "fp32", "w8a7");
        Assert.Null(LossVerification.Difference(Folder()));
        Rewrite("processor", "Another Processor 9000");
        var difference = LossVerification.Difference(Folder())!;
        Assert.StartsWith("processor ", difference, StringComparison.Ordinal);
        Assert.EndsWith(", at import Another Processor 9000", difference, StringComparison.Ordinal);

        var machine = new MeasuringMachine("X", ["avx2", "avx512_vnni"], ["vision: u8 x s8, AVX-512 VNNI"], "ONNX Runtime 1");
        Assert.Null(LossVerification.Difference(machine, machine with { Instructions = ["avx512_vnni", "avx2"] }));
        Assert.Contains("instructions avx2, at import avx2, avx512_vnni", LossVerification.Difference(machine, machine with { Instructions = ["avx2"] })!, StringComparison.Ordinal);
        Assert.Contains("kernels none, at import", LossVerification.Difference(machine, machine with { Kernels = [] })!, StringComparison.Ordinal);
        Assert.Contains("ONNX Runtime 2, at import ONNX Runtime 1", LossVerification.Difference(machine, machine with { Runtime = "ONNX Runtime 2" })!, StringComparison.Ordinal);
    }

    [Fact]
    public void Other_pictures_than_the_programs_cannot_be_measured_again()
    {
        Import(GoldenFolder.Path("mobilellama"), "int8", "fp32", "none");
        Rewrite("material", new string('0', 64));
        Assert.Null(Measure());
    }

    [Theory]
    [InlineData(0, "version")]
    [InlineData(8, "cannot be read")]
    [InlineData(24, "cannot be read")]
    public void A_damaged_reference_is_refused(int at, string message)
    {
        Import(GoldenFolder.Path("mobilellama"), "int8", "fp32", "none");
        var file = _folder[$"model/{ModelFolder.GateReferenceFile}"];
        var bytes = File.ReadAllBytes(file);
        bytes[at + 3] = 0x7F;
        File.WriteAllBytes(file, bytes);
        Assert.Contains(message, Assert.Throws<ModelFolderException>(() => Measure()).Message, StringComparison.Ordinal);
    }

    private static List<string> Names(IEnumerable<GateResult> gates) => [.. gates.Select(gate => gate.Name)];

    private ModelManifest Import(string source, string decoder, string vision, string prefill) => ModelImporter.Import(
        source, _folder["model"], PrecisionPlan.Parse(decoder, vision).WithPrefill(prefill), calibration: TestPhotographs.Set).Manifest;

    /// <summary>Files are not hashed, so that damaged weights are run.</summary>
    private ModelFolder Folder() => ModelFolder.OpenUnchecked(_folder["model"]);

    private LossComparison? Measure() => LossVerification.Measure(Folder(), new ExecutionSettings(1), TestPhotographs.Decode);

    private void Compare(ModelLoss loss, LossComparison again)
    {
        Assert.Equal(loss.Gates!.Count - (loss.Vision is null ? 0 : 1), again.Recorded.Count);
        foreach (var (recorded, found) in again.Recorded.Zip(again.Found))
        {
            output.WriteLine($"{recorded.Name}: {recorded.Value} at import, {found.Value} now");
            Assert.InRange(found.Value, recorded.Value - (0.02 * Math.Abs(recorded.Value)) - 2e-4, recorded.Value + (0.02 * Math.Abs(recorded.Value)) + 2e-4);
        }
    }

    /// <summary>Changes the lower bits of most bytes of a graph's weights, but not the exponents of floats, so that results stay finite, nor
    /// the upper bytes of indices, which have to stay in their range.</summary>
    private void Damage(string graph)
    {
        var file = _folder[$"model/{graph}.data"];
        File.Copy(file, _folder[graph]);
        var bytes = File.ReadAllBytes(file);
        for (var i = 0; i < bytes.Length; i++)
        {
            bytes[i] ^= (byte)(bytes[i] == 0 || i % 4 == 3 || i % 8 == 1 ? 0 : 0x1F);
        }

        File.WriteAllBytes(file, bytes);
    }

    private void Restore(string graph) => File.Move(_folder[graph], _folder[$"model/{graph}.data"], overwrite: true);

    /// <summary>Replaces a text of the manifest's loss.</summary>
    private void Rewrite(string key, string value)
    {
        var file = _folder[$"model/{ModelManifest.FileName}"];
        var json = System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllText(file))!;
        var loss = json["loss"]!;
        (loss["machine"]!.AsObject().ContainsKey(key) ? loss["machine"]! : loss["scenes"]!)[key] = value;
        File.WriteAllText(file, json.ToJsonString(new JsonSerializerOptions { WriteIndented = true }));
    }
}
