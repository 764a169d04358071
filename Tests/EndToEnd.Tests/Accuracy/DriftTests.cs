using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Images;
using MobileVlm.Edge.Inference.Sessions;
using MobileVlm.Edge.Inference.Teaching.Features;
using MobileVlm.Edge.Inference.Teaching.Learning;
using MobileVlm.Edge.Inference.Vision;
using MobileVlm.Edge.Tools.Documents;
using Xunit.Abstractions;

namespace MobileVlm.Edge.EndToEnd.Tests.Accuracy;

/// <summary>Drift of the demo's gate, with the demo's model.</summary>
public sealed class DriftTests(ITestOutputHelper output)
{
    private const int Labels = 24;
    private const int Others = 8;

    [Fact]
    public void Scenes_like_the_labelled_ones_are_no_drift_and_a_turned_camera_is()
    {
        using var encoder = new VisionEncoder(DemoModel.Folder, new ExecutionSettings());
        using var answerer = QuestionAnswerer.Open(DemoModel.Folder, new ExecutionSettings());
        var scenes = HeldOutScene.LoadEvenly(Labels + Others).Take(Labels + Others).Select(scene => scene.Read()).ToList();
        float[] Features(byte[] pixels, int width, int height)
        {
            float[]? features = null;
            using var tokens = encoder.Encode(new RgbImage(pixels, width, height));
            answerer.AskAbout(
                tokens,
                [new Question("Is there a person?", AnswerKind.YesNo) { Features = FeatureKinds.VisualTokens }],
                (_, answer) => features = answer.Features[FeatureKinds.VisualTokens]);
            return features!;
        }

        var reference = LabelReferences.Of(
            [
                .. scenes.Take(Labels).Select((scene, i) => new LabelledSample(
                    $"{i}", i % 2, [0], new Dictionary<FeatureKinds, float[]> { [FeatureKinds.VisualTokens] = Features([.. scene.Pixels], scene.Width, scene.Height) })),
            ],
            [],
            [])!;
        double Unlike(Func<byte[], byte[]> change) => scenes.Skip(Labels)
            .Average(scene => reference.IsUnlike(Features(change([.. scene.Pixels]), scene.Width, scene.Height)) ? 1.0 : 0.0);
        var (same, turned) = (
            Unlike(pixels => pixels),
            Unlike(pixels => [.. pixels.Chunk(3).Reverse().SelectMany(pixel => pixel)]));
        output.WriteLine($"unlike: {same} of the same view, {turned} of a camera that hangs upside down");

        Assert.True(same <= 0.25, $"{same} of the same view");
        Assert.True(turned > 0.5, $"{turned} of a camera that hangs upside down");
    }
}
