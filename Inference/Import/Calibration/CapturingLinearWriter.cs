using MobileVlm.Edge.Inference.Import.Quantization;
using MobileVlm.Edge.Inference.Onnx;

namespace MobileVlm.Edge.Inference.Import.Calibration;

/// <summary>Writes exact layers and remembers what goes into each, so that it can be measured.</summary>
internal sealed class CapturingLinearWriter : LinearWriter
{
    private readonly UnpackedLinearWriter _exact = new();
    private readonly List<LinearCapture> _taps = [];

    public override string Write(
        OnnxGraph graph, IWeightSource source, string node, string input, params LinearWeight[] weights)
    {
        _taps.Add(new LinearCapture(node, input, weights[0].Inputs));
        return _exact.Write(graph, source, node, input, weights);
    }

    /// <summary>What was written since the last time; each input becomes an output of the graph.</summary>
    public IReadOnlyList<LinearCapture> Take(OnnxGraph graph)
    {
        LinearCapture[] taps = [.. _taps];
        _taps.Clear();
        foreach (var tap in taps.DistinctBy(t => t.Input).Where(t => !graph.HasOutput(t.Input)))
        {
            graph.Output(tap.Input, OnnxType.Float32, 1, "rows", tap.Inputs);
        }

        return taps;
    }
}

/// <param name="Node">The linear layer.</param>
/// <param name="Input">The value that it multiplies, [1, rows, inputs].</param>
/// <param name="Inputs">Its width.</param>
internal readonly record struct LinearCapture(string Node, string Input, int Inputs);
