using MobileVlm.Edge.Inference.Import.Quantization;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Onnx;

namespace MobileVlm.Edge.Inference.Import.Graphs.Projectors;

/// <summary>The pieces that projectors are made of, written into one graph.</summary>
/// <param name="graph">Receives them.</param>
/// <param name="source">The checkpoint's tensors.</param>
/// <param name="linear">Writes the two matrices of the MLP; convolutions are stored as the graph computes.</param>
/// <param name="vision">The vision encoder's sizes.</param>
/// <param name="hidden">Width of the visual tokens.</param>
internal sealed class ProjectorBuilder(OnnxGraph graph, IWeightSource source, LinearWriter linear, VisionConfig vision, int hidden)
{
    /// <summary>A number that no value of GELU is below: its minimum is -0.16997.</summary>
    private const float GeluLowest = -0.17f;

    /// <summary>Epsilon of the norms inside LDP's convolution blocks.</summary>
    private const float LayerNormEpsilon = 1e-5f;

    /// <summary>The graph that is written.</summary>
    public OnnxGraph Graph => graph;

    /// <summary>The vision encoder's sizes.</summary>
    public VisionConfig Vision => vision;

    /// <summary>Width of the visual tokens.</summary>
    public int HiddenSize => hidden;

    /// <summary>Writes two linear layers with GELU between them, from the encoder's width into the decoder's.</summary>
    /// <param name="features">[1, patches, width].</param>
    /// <param name="first">Tensor of the first layer.</param>
    /// <param name="second">Tensor of the second layer.</param>
    /// <param name="mean">Writes means of rows of [1, patches, hidden], which the second layer then takes; null for none. Linear layers
    /// and means may change places, and there are fewer means.</param>
    /// <returns>[1, patches or means, hidden].</returns>
    public string Mlp(string features, string first, string second, Func<string, string>? mean = null)
    {
        string Layer(string node, LinearInput input, string tensor, int inputs)
        {
            var bias = graph.FloatWeight($"{node}.bias", [hidden], source.Untransposed($"{tensor}.bias", hidden));
            return linear.WriteBiased(graph, source, node, input, bias, new LinearWeight($"{tensor}.weight", hidden, inputs));
        }

        var raised = Layer("projector.mlp1", features, first, vision.HiddenSize);
        var active = graph.Node("Gelu", "projector.gelu", [raised], OnnxAttribute.Text("approximate", "none"));
        return Layer("projector.mlp2", new LinearInput(mean is null ? active : mean(active), GeluLowest), second, hidden);
    }

    /// <summary>Rows [1, grid², hidden] to a map [1, hidden, grid, grid].</summary>
    public string ToMap(string rows, int grid, string node = "projector.map")
    {
        var transposed = graph.Node("Transpose", $"{node}_columns", [rows], OnnxAttribute.Ints("perm", 0, 2, 1));
        return graph.Node("Reshape", node, [transposed, graph.Constant($"{node}_shape", [1, hidden, grid, grid])]);
    }

    /// <summary>A map [1, hidden, grid, grid] to rows [1, grid², hidden].</summary>
    public string ToRows(string map, int grid, string node)
    {
        var flat = graph.Node("Reshape", $"{node}_flat", [map, graph.Constant($"{node}_flat_shape", [1, hidden, grid * grid])]);
        return graph.Node("Transpose", node, [flat], OnnxAttribute.Ints("perm", 0, 2, 1));
    }

    /// <summary>A map [1, hidden, grid, grid] to the visual tokens.</summary>
    public void ToVisualTokens(string map, int grid)
    {
        var flat = graph.Node("Reshape", "projector.flat", [map, graph.Constant("projector.flat_shape", [1, hidden, grid * grid])]);
        graph.Node("Transpose", graph.NameBeforeCast(VisionTensors.VisualTokens), [flat], OnnxAttribute.Ints("perm", 0, 2, 1));
        graph.ToFloat32(VisionTensors.VisualTokens);
    }

    /// <summary>A 3x3 convolution of each channel by itself, with padding 1.</summary>
    /// <param name="node">Name of the node and of its result.</param>
    /// <param name="map">[1, hidden, rows, columns].</param>
    /// <param name="weightTensor">[hidden, 1, 3, 3].</param>
    /// <param name="biasTensor">[hidden]; null where it has no bias.</param>
    /// <param name="stride">Of both directions.</param>
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

    /// <summary>A 1x1 convolution without a bias.</summary>
    public string PointwiseConv(string node, string map, string weightTensor) => graph.Node(
        "Conv",
        node,
        [map, graph.FloatWeight($"{node}.weight", [hidden, hidden, 1, 1], source.Untransposed(weightTensor, hidden, hidden, 1, 1))],
        OnnxAttribute.Ints("kernel_shape", 1, 1));

    /// <summary>A 1x1 convolution with a bias: <c>TENSOR.weight</c> and <c>TENSOR.bias</c>.</summary>
    public string BiasedPointwiseConv(string node, string map, string tensor, int outputs, int inputs) => graph.Node(
        "Conv",
        node,
        [
            map,
            graph.FloatWeight($"{node}.weight", [outputs, inputs, 1, 1], source.Untransposed($"{tensor}.weight", outputs, inputs, 1, 1)),
            graph.FloatWeight($"{node}.bias", [outputs], source.Untransposed($"{tensor}.bias", outputs)),
        ],
        OnnxAttribute.Ints("kernel_shape", 1, 1));

    /// <summary>A norm over the channels of a map: <c>TENSOR.weight</c> and <c>TENSOR.bias</c>.</summary>
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
}
