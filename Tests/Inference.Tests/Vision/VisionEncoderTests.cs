using MobileVlm.Edge.Inference.Images;
using MobileVlm.Edge.Inference.Sessions;
using MobileVlm.Edge.Inference.Tests.Images;
using MobileVlm.Edge.Inference.Tests.Models;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Inference.Tests.Vision;

public sealed class VisionEncoderTests
{
    [Theory]
    [InlineData("mobilevlm-v1")]
    [InlineData("mobilevlm-v1-separate-tower")]
    public void Pictures_of_any_size_give_finite_tokens_and_leave_nothing_for_the_next(string name)
    {
        var model = GoldenModel.Get(name);
        var golden = TestPicture.Load(GoldenFolder.Path(name, "case0.png"));
        using var encoder = new VisionEncoder(model.Folder, new ExecutionSettings(1));
        using var expected = encoder.Encode(golden.Image);
        Assert.Equal((model.Folder.Manifest.VisualTokens, model.Folder.Manifest.Language.HiddenSize), (expected.Count, expected.HiddenSize));
        foreach (var (width, height) in ((int, int)[])[(1, 1), (1, 500), (4000, 10), (640, 480), (336, 336)])
        {
            using var tokens = encoder.Encode(new RgbImage(new byte[width * height * 3], width, height));
            Assert.All(tokens.Values.ToArray(), v => Assert.True(float.IsFinite(v)));
            Assert.NotEqual(expected.Values.ToArray(), tokens.Values.ToArray());
        }

        using var again = encoder.Encode(golden.Image);
        Assert.Equal(expected.Values.ToArray(), again.Values.ToArray());
    }

    /// <summary>The result's own object, its tensor and the lists of the call; not the pictures nor the tokens.</summary>
    [Fact]
    public void A_picture_costs_little_memory()
    {
        const int Allowed = 2048;
        var model = GoldenModel.Get("mobilevlm-v1");
        var golden = TestPicture.Load(GoldenFolder.Path("mobilevlm-v1", "case0.png"));
        using var encoder = new VisionEncoder(model.Folder, new ExecutionSettings(1));
        var least = long.MaxValue;
        for (var i = 0; i < 8; i++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            encoder.Encode(golden.Image).Dispose();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.True(least <= Allowed, $"A picture allocates {least} bytes.");
    }

    [Fact]
    public void An_encoder_may_be_disposed_twice()
    {
        var encoder = new VisionEncoder(GoldenModel.Get("mobilevlm-v1").Folder, new ExecutionSettings(1));
        encoder.Dispose();
        encoder.Dispose();
    }
}
