using System.Numerics.Tensors;
using MobileVlm.Edge.Inference.Decoding;
using MobileVlm.Edge.Inference.Sessions;
using MobileVlm.Edge.Inference.Tests.Models;

namespace MobileVlm.Edge.Inference.Tests.Sessions;

/// <summary>A session must leave the thread that calls it as it was.</summary>
public sealed class CallingThreadTests
{
    [Fact]
    public void Denormals_and_the_vectorised_argmax_still_work_after_a_session_with_several_threads_ran()
    {
        using var decoder = new LanguageDecoder(GoldenModel.Get("mobilellama").Folder, new ExecutionSettings(2));
        using var state = decoder.CreateState(16);
        state.Append([1, 2, 3]);

        var smallest = BitConverter.Int32BitsToSingle(1);
        Assert.NotEqual(0, smallest * Volatile.Read(ref smallest) + smallest);
        var values = new float[800];
        values[701] = 1;
        Assert.Equal(701, TensorPrimitives.IndexOfMax<float>(values));
    }
}
