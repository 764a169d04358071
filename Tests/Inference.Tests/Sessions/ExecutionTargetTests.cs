using MobileVlm.Edge.Inference.Sessions;

namespace MobileVlm.Edge.Inference.Tests.Sessions;

public sealed class ExecutionTargetTests
{
    [Theory]
    [InlineData("cpu", TargetKind.Cpu, 0, "cpu")]
    [InlineData("CUDA", TargetKind.Cuda, 0, "cuda")]
    [InlineData("cuda:0", TargetKind.Cuda, 0, "cuda")]
    [InlineData("Cuda:1", TargetKind.Cuda, 1, "cuda:1")]
    [InlineData("auto", TargetKind.Auto, 0, "auto")]
    public void A_target_is_read_in_any_case(string text, TargetKind kind, int device, string name)
    {
        Assert.True(ExecutionTarget.TryParse(text, out var target));
        Assert.Equal((kind, device, name), (target.Kind, target.Device, target.ToString()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("gpu")]
    [InlineData("cuda:")]
    [InlineData("cuda:-1")]
    [InlineData("cuda:64")]
    [InlineData("cuda: 1")]
    [InlineData("tensorrt")]
    public void Another_word_is_not_a_target(string text) => Assert.False(ExecutionTarget.TryParse(text, out _));
}
