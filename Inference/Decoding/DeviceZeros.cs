using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using MobileVlm.Edge.Inference.Onnx;
using MobileVlm.Edge.Inference.Sessions;

namespace MobileVlm.Edge.Inference.Decoding;

/// <summary>Writes zeros into memory of a device: what it held before may be NaN, and NaN times an attention share of zero
/// is still NaN. ONNX Runtime has no call for this; a graph of one operator does it on any device.</summary>
internal sealed class DeviceZeros : IDisposable
{
    private const string Shape = "shape";
    private const string Filled = "zeros";

    private readonly InferenceSession _session;

    /// <param name="settings">Settings of the session whose memory is filled.</param>
    /// <param name="type">Element type of the values.</param>
    public DeviceZeros(ExecutionSettings settings, TensorElementType type)
    {
        var graph = new OnnxGraph("zeros", type == TensorElementType.Float16 ? OnnxType.Float16 : OnnxType.Float32);
        var shape = graph.Input(Shape, OnnxType.Int64, 4);
        var zeros = graph.Node("ConstantOfShape", "zeros_fp32", [shape]);
        graph.Node("Cast", Filled, [zeros], OnnxAttribute.Int("to", (long)graph.ActivationType));
        graph.Output(Filled, graph.ActivationType, "a", "b", "c", "d");
        using var model = new MemoryStream();
        graph.Save(model);
        _session = SessionFactory.OpenHelper(model.ToArray(), settings);
    }

    public void Fill(IEnumerable<OrtValue> values, long[] shape)
    {
        using var runOptions = new RunOptions();
        using var dimensions = OrtValue.CreateTensorValueFromMemory(shape, [shape.Length]);
        using var binding = _session.CreateIoBinding();
        binding.BindInput(Shape, dimensions);
        foreach (var value in values)
        {
            binding.BindOutput(Filled, value);
            _session.RunWithBinding(runOptions, binding);
        }

        binding.SynchronizeBoundOutputs();
    }

    public void Dispose() => _session.Dispose();
}
