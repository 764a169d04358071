using MobileVlm.Edge.Inference.Import.Quantization;
using MobileVlm.Edge.Inference.Onnx;

namespace MobileVlm.Edge.Inference.Import.Calibration;

/// <summary>Writes float32 layers and records the input of each, so that it can be measured.</summary>
internal sealed class CapturingLinearWriter : LinearWriter
{
    private readonly GemmLinearWriter _exact = new();
    private readonly List<LinearCapture> _captures = [];

    public override string Write(
        OnnxGraph graph, IWeightSource source, string node, LinearInput input, params LinearWeight[] weights)
    {
        _captures.Add(new LinearCapture(node, input.Name, weights[0].Inputs));
        return _exact.Write(graph, source, node, input, weights);
    }

    /// <summary>The layers written since the last call; each input becomes an output of the graph.</summary>
    public IReadOnlyList<LinearCapture> Take(OnnxGraph graph)
    {
        LinearCapture[] captures = [.. _captures];
        _captures.Clear();
        foreach (var capture in captures.DistinctBy(c => c.Input).Where(t => !graph.HasOutput(t.Input)))
        {
            graph.Output(capture.Input, OnnxType.Float32, 1, "rows", capture.Inputs);
        }

        return captures;
    }
}

/// <param name="Node">The linear layer.</param>
/// <param name="Input">The value that it multiplies, [1, rows, inputs].</param>
/// <param name="Inputs">Its width.</param>
internal readonly record struct LinearCapture(string Node, string Input, int Inputs);
