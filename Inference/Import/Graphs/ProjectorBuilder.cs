using System.Buffers.Binary;
using MobileVlm.Edge.Inference.Import.Quantization;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Models.Projectors;
using MobileVlm.Edge.Inference.Onnx;

namespace MobileVlm.Edge.Inference.Import.Graphs;

/// <summary>Writes the pieces of a projector from a checkpoint.</summary>
/// <param name="graph">Receives them.</param>
/// <param name="source">The checkpoint's tensors.</param>
/// <param name="linear">Writes the matrices of the MLP; convolutions are stored as the graph computes.</param>
/// <param name="vision">The vision encoder's sizes.</param>
/// <param name="hidden">Width of the visual tokens.</param>
internal sealed class ProjectorBuilder(OnnxGraph graph, IWeightSource source, LinearWriter linear, VisionConfig vision, int hidden)
    : IProjectorBuilder
{
    /// <summary>A number that no value of GELU is below: its minimum is -0.16997.</summary>
    private const float GeluLowest = -0.17f;

    /// <summary>Epsilon of the norms inside LDP's convolution blocks.</summary>
    private const float LayerNormEpsilon = 1e-5f;

    public OnnxGraph Graph => graph;

    public VisionConfig Vision => vision;

    public int HiddenSize => hidden;

    public string Mlp(string features, IReadOnlyList<string> layers, Func<string, string>? mean = null)
    {
        string Layer(int number, LinearInput input, int inputs)
        {
            var (node, tensor) = ($"projector.mlp{number}", layers[number - 1]);
            var bias = graph.FloatWeight($"{node}.bias", [hidden], source.Untransposed($"{tensor}.bias", hidden));
            return linear.WriteBiased(graph, source, node, input, bias, new LinearWeight($"{tensor}.weight", hidden, inputs));
        }

        var result = Layer(1, features, vision.HiddenSize);
        for (var number = 2; number <= layers.Count; number++)
        {
            var active = graph.Node("Gelu", $"projector.gelu{number - 1}", [result], OnnxAttribute.Text("approximate", "none"));
            var rows = number == layers.Count && mean is not null ? mean(active) : active;
            result = Layer(number, new LinearInput(rows, GeluLowest), hidden);
        }

        return result;
    }

    public string ToMap(string rows, int grid, string node = "projector.map")
    {
        var transposed = graph.Node("Transpose", $"{node}_columns", [rows], OnnxAttribute.Ints("perm", 0, 2, 1));
        return graph.Node("Reshape", node, [transposed, graph.Constant($"{node}_shape", [1, hidden, grid, grid])]);
    }

    public string ToRows(string map, int grid, string node)
    {
        var flat = graph.Node("Reshape", $"{node}_flat", [map, graph.Constant($"{node}_flat_shape", [1, hidden, grid * grid])]);
        return graph.Node("Transpose", node, [flat], OnnxAttribute.Ints("perm", 0, 2, 1));
    }

    public void MapToVisualTokens(string map, int grid)
    {
        var flat = graph.Node("Reshape", "projector.flat", [map, graph.Constant("projector.flat_shape", [1, hidden, grid * grid])]);
        graph.Node("Transpose", graph.NameBeforeCast(VisionTensors.VisualTokens), [flat], OnnxAttribute.Ints("perm", 0, 2, 1));
        graph.ToFloat32(VisionTensors.VisualTokens);
    }

    public void RowsToVisualTokens(string rows)
    {
        graph.Node("Identity", graph.NameBeforeCast(VisionTensors.VisualTokens), [rows]);
        graph.ToFloat32(VisionTensors.VisualTokens);
    }

    public string AdaptiveMean(string map, int from, int to, string node)
    {
        if (from % to == 0)
        {
            var window = from / to;
            return graph.Node(
                "AveragePool", node, [map], OnnxAttribute.Ints("kernel_shape", window, window), OnnxAttribute.Ints("strides", window, window));
        }

        // No operator has windows of several sizes. Means of rows and means of columns are matrices.
        var columns = graph.Node(
            "MatMul", $"{node}_columns", [map, graph.FloatWeight($"{node}.columns", [from, to], MeanWeights(from, to, isTransposed: true))]);
        return graph.Node(
            "MatMul", node, [graph.FloatWeight($"{node}.rows", [to, from], MeanWeights(from, to, isTransposed: false)), columns]);
    }

    public string DepthwiseConv(string node, string map, string weightTensor, string? biasTensor, int stride)
    {
        var weight = graph.FloatWeight($"{node}.weight", [hidden, 1, 3, 3], source.Untransposed(weightTensor, hidden, 1, 3, 3));
        string[] inputs = biasTensor is null
            ? [map, weight]
            : [map, weight, graph.FloatWeight($"{node}.bias", [hidden], source.Untransposed(biasTensor, hidden))];
        return graph.Node(
            "Conv",
            node,
            inputs,
            OnnxAttribute.Ints("kernel_shape", 3, 3),
            OnnxAttribute.Ints("strides", stride, stride),
            OnnxAttribute.Ints("pads", 1, 1, 1, 1),
            OnnxAttribute.Int("group", hidden));
    }

    public string PointwiseConv(string node, string map, string weightTensor) => graph.Node(
        "Conv",
        node,
        [map, graph.FloatWeight($"{node}.weight", [hidden, hidden, 1, 1], source.Untransposed(weightTensor, hidden, hidden, 1, 1))],
        OnnxAttribute.Ints("kernel_shape", 1, 1));

    public string BiasedPointwiseConv(string node, string map, string tensor, int outputs, int inputs) => graph.Node(
        "Conv",
        node,
        [
            map,
            graph.FloatWeight($"{node}.weight", [outputs, inputs, 1, 1], source.Untransposed($"{tensor}.weight", outputs, inputs, 1, 1)),
            graph.FloatWeight($"{node}.bias", [outputs], source.Untransposed($"{tensor}.bias", outputs)),
        ],
        OnnxAttribute.Ints("kernel_shape", 1, 1));

    public string ChannelNorm(string node, string map, string tensor)
    {
        var last = graph.Node("Transpose", $"{node}.nhwc", [map], OnnxAttribute.Ints("perm", 0, 2, 3, 1));
        var normed = graph.Node(
            "LayerNormalization",
            node,
            [
                last,
                graph.FloatWeight($"{node}.weight", [hidden], source.Untransposed($"{tensor}.weight", hidden)),
                graph.FloatWeight($"{node}.bias", [hidden], source.Untransposed($"{tensor}.bias", hidden)),
            ],
            OnnxAttribute.Int("axis", -1),
            OnnxAttribute.Float("epsilon", LayerNormEpsilon));
        return graph.Node("Transpose", $"{node}.nchw", [normed], OnnxAttribute.Ints("perm", 0, 3, 1, 2));
    }

    /// <summary>The share of each of some values in each mean, [to, from] or transposed.</summary>
    private static Action<Stream> MeanWeights(int from, int to, bool isTransposed) => stream =>
    {
        Span<byte> share = stackalloc byte[sizeof(float)];
        for (var i = 0; i < from * to; i++)
        {
            var (mean, value) = isTransposed ? (i % to, i / to) : (i / from, i % from);
            var (start, end) = (mean * from / to, (((mean + 1) * from) + to - 1) / to);
            BinaryPrimitives.WriteSingleLittleEndian(share, value >= start && value < end ? 1f / (end - start) : 0);
            stream.Write(share);
        }
    };
}
