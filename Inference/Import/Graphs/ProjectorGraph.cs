using MobileVlm.Edge.Inference.Import.Quantization;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Onnx;

namespace MobileVlm.Edge.Inference.Import.Graphs;

/// <summary>Writes LDP (MobileVLM, arXiv 2312.16886, section 3.3) or LDPv2 (arXiv 2402.03766, section 3.2): patch
/// features to a quarter as many visual tokens, in the decoder's width.</summary>
internal sealed class ProjectorGraph(VisionConfig vision, int hidden, LinearWriter linear)
{
    /// <summary>Of the norms inside LDP's convolution blocks.</summary>
    private const float LayerNormEpsilon = 1e-5f;

    /// <summary>LDPv2 pools to this grid whatever comes in; only whole pooling windows are supported.</summary>
    public const int PooledGrid = 12;

    /// <returns>Number of visual tokens.</returns>
    public int Write(OnnxGraph graph, WeightSource source, ProjectorType type, string features)
    {
        var grid = type == ProjectorType.Ldp ? WriteLdp(graph, source, features) : WriteLdpV2(graph, source, features);
        return grid * grid;
    }

    /// <summary>Visual tokens that a projector makes of one picture.</summary>
    public static int TokenCount(ProjectorType type, VisionConfig vision)
    {
        var grid = type == ProjectorType.Ldp ? Halved(vision.GridSize) : PooledGrid;
        return grid * grid;
    }

    /// <summary>Output side of a 3x3 convolution of stride 2 with padding 1.</summary>
    private static int Halved(int grid) => (grid + 1) / 2;

    private int WriteLdp(OnnxGraph graph, WeightSource source, string features)
    {
        const string Prefix = "model.mm_projector.model";
        var rows = WriteMlp(graph, source, features, $"{Prefix}.mlp.1", $"{Prefix}.mlp.3");
        var map = ToMap(graph, rows, vision.GridSize);
        map = WriteBlock(graph, source, $"{Prefix}.mb_block.1", "projector.block1", map, stride: 1);
        map = WriteBlock(graph, source, $"{Prefix}.mb_block.2", "projector.block2", map, stride: 2);
        var grid = Halved(vision.GridSize);
        ToRows(graph, map, grid);
        return grid;
    }

    private int WriteLdpV2(OnnxGraph graph, WeightSource source, string features)
    {
        const string Prefix = "model.mm_projector";
        var window = vision.GridSize / PooledGrid;
        if (window == 0 || vision.GridSize % PooledGrid != 0)
        {
            throw new NotSupportedException(
                $"LDPv2 pools a grid of {vision.GridSize} x {vision.GridSize} patches to {PooledGrid} x {PooledGrid}, "
                + "which is not a whole number of patches each. The published models have 24 x 24.");
        }

        var rows = WriteMlp(graph, source, features, $"{Prefix}.mlp.mlp.0", $"{Prefix}.mlp.mlp.2");
        var map = ToMap(graph, rows, vision.GridSize);
        var pooled = graph.Node(
            "AveragePool", "projector.pooled", [map],
            OnnxAttribute.Ints("kernel_shape", window, window), OnnxAttribute.Ints("strides", window, window));
        var weight = graph.Values(
            "projector.peg.weight", [hidden, 1, 3, 3], source.Plain($"{Prefix}.peg.peg.0.weight", hidden, 1, 3, 3));
        var bias = graph.Values("projector.peg.bias", [hidden], source.Plain($"{Prefix}.peg.peg.0.bias", hidden));
        var peg = graph.Node("Conv", "projector.peg", [pooled, weight, bias], Depthwise(1));
        ToRows(graph, graph.Node("Add", "projector.placed", [peg, pooled]), PooledGrid);
        return PooledGrid;
    }

    private string WriteMlp(OnnxGraph graph, WeightSource source, string features, string first, string second)
    {
        string Layer(string node, string input, string tensor, int inputs)
        {
            var product = linear.Write(graph, source, node, input, new LinearWeight($"{tensor}.weight", hidden, inputs));
            var bias = graph.Values($"{node}.bias", [hidden], source.Plain($"{tensor}.bias", hidden));
            return graph.Node("Add", $"{node}.biased", [product, bias]);
        }

        var raised = Layer("projector.mlp1", features, first, vision.HiddenSize);
        var active = graph.Node("Gelu", "projector.gelu", [raised], OnnxAttribute.Text("approximate", "none"));
        return Layer("projector.mlp2", active, second, hidden);
    }

    /// <summary>MobileNetV3's inverted residual without expansion: depthwise convolution, squeeze and excitation,
    /// pointwise convolution; norms over the channels.</summary>
    private string WriteBlock(OnnxGraph graph, WeightSource source, string prefix, string at, string input, int stride)
    {
        var depthwise = graph.Node(
            "Conv", $"{at}.depthwise",
            [input, graph.Values($"{at}.depthwise.weight", [hidden, 1, 3, 3], source.Plain($"{prefix}.block.0.0.weight", hidden, 1, 3, 3))],
            Depthwise(stride));
        var normed = ChannelNorm(graph, source, $"{at}.norm1", depthwise, $"{prefix}.block.0.1");
        var active = graph.Node("HardSwish", $"{at}.hardswish", [normed]);

        var squeezed = SqueezeChannels(hidden);
        var mean = graph.Node("GlobalAveragePool", $"{at}.mean", [active]);
        var down = Pointwise(graph, source, $"{at}.squeeze", mean, $"{prefix}.block.1.fc1", squeezed, hidden);
        var up = Pointwise(
            graph, source, $"{at}.excite", graph.Node("Relu", $"{at}.relu", [down]), $"{prefix}.block.1.fc2", hidden, squeezed);
        var gate = graph.Node(
            "HardSigmoid", $"{at}.gate", [up], OnnxAttribute.Float("alpha", 1f / 6f), OnnxAttribute.Float("beta", 0.5f));
        var scaled = graph.Node("Mul", $"{at}.scaled", [active, gate]);

        var pointwise = graph.Node(
            "Conv", $"{at}.pointwise",
            [scaled, graph.Values($"{at}.pointwise.weight", [hidden, hidden, 1, 1], source.Plain($"{prefix}.block.2.0.weight", hidden, hidden, 1, 1))],
            OnnxAttribute.Ints("kernel_shape", 1, 1));
        var result = ChannelNorm(graph, source, $"{at}.norm2", pointwise, $"{prefix}.block.2.1");
        return stride == 1 ? graph.Node("Add", $"{at}.residual", [result, input]) : result;
    }

    /// <summary>A quarter of the channels, rounded to a multiple of 8 but never by more than a tenth downwards
    /// (torchvision's <c>_make_divisible</c>).</summary>
    internal static int SqueezeChannels(int channels)
    {
        var quarter = channels / 4;
        var rounded = Math.Max(8, (quarter + 4) / 8 * 8);
        return rounded < 0.9 * quarter ? rounded + 8 : rounded;
    }

    private static string Pointwise(
        OnnxGraph graph, WeightSource source, string node, string input, string tensor, int outputs, int inputs) => graph.Node(
        "Conv",
        node,
        [
            input,
            graph.Values($"{node}.weight", [outputs, inputs, 1, 1], source.Plain($"{tensor}.weight", outputs, inputs, 1, 1)),
            graph.Values($"{node}.bias", [outputs], source.Plain($"{tensor}.bias", outputs)),
        ],
        OnnxAttribute.Ints("kernel_shape", 1, 1));

    private string ChannelNorm(OnnxGraph graph, WeightSource source, string node, string map, string tensor)
    {
        var last = graph.Node("Transpose", $"{node}.nhwc", [map], OnnxAttribute.Ints("perm", 0, 2, 3, 1));
        var normed = graph.Node(
            "LayerNormalization",
            node,
            [
                last,
                graph.Values($"{node}.weight", [hidden], source.Plain($"{tensor}.weight", hidden)),
                graph.Values($"{node}.bias", [hidden], source.Plain($"{tensor}.bias", hidden)),
            ],
            OnnxAttribute.Int("axis", -1),
            OnnxAttribute.Float("epsilon", LayerNormEpsilon));
        return graph.Node("Transpose", $"{node}.nchw", [normed], OnnxAttribute.Ints("perm", 0, 3, 1, 2));
    }

    private OnnxAttribute[] Depthwise(int stride) =>
    [
        OnnxAttribute.Ints("kernel_shape", 3, 3),
        OnnxAttribute.Ints("strides", stride, stride),
        OnnxAttribute.Ints("pads", 1, 1, 1, 1),
        OnnxAttribute.Int("group", hidden),
    ];

    private string ToMap(OnnxGraph graph, string rows, int grid)
    {
        var transposed = graph.Node("Transpose", "projector.columns", [rows], OnnxAttribute.Ints("perm", 0, 2, 1));
        return graph.Node("Reshape", "projector.map", [transposed, graph.Constant("projector.map_shape", [1, hidden, grid, grid])]);
    }

    private void ToRows(OnnxGraph graph, string map, int grid)
    {
        var flat = graph.Node("Reshape", "projector.flat", [map, graph.Constant("projector.flat_shape", [1, hidden, grid * grid])]);
        graph.Node("Transpose", graph.Before(VisionTensors.VisualTokens), [flat], OnnxAttribute.Ints("perm", 0, 2, 1));
        graph.ToFloat32(VisionTensors.VisualTokens);
    }
}
