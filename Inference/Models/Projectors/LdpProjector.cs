using MobileVlm.Edge.Inference.Onnx;

namespace MobileVlm.Edge.Inference.Models.Projectors;

/// <summary>LDP (MobileVLM, arXiv 2312.16886, section 3.3): an MLP and two convolution blocks, the second of stride 2.</summary>
internal sealed class LdpProjector() : ProjectorType("Ldp", "ldpnet")
{
    private const string Prefix = "model.mm_projector.model";

    public override string Family => "MobileVLM";

    /// <summary>The depthwise convolution of the second block, 3x3 of stride 2 with padding 1, halves the grid.</summary>
    public override int TokenGrid(VisionConfig vision) => (vision.GridSize + 1) / 2;

    /// <summary>The MLP's second layer and the first block's pointwise convolution see patches, the second block's visual tokens.</summary>
    private protected override double SquareRows(VisionConfig vision) => (2 * vision.Patches) + TokenCount(vision);

    internal override IEnumerable<TensorSpec> Tensors(int features, int hidden)
    {
        var squeezed = SqueezeChannels(hidden);
        return
        [
            .. TensorSpec.Linear($"{Prefix}.mlp.1", hidden, features),
            .. TensorSpec.Linear($"{Prefix}.mlp.3", hidden, hidden),
            .. Enumerable.Range(1, 2).Select(i => $"{Prefix}.mb_block.{i}.block").SelectMany(block =>
                (IEnumerable<TensorSpec>)
                [
                    TensorSpec.Weight($"{block}.0.0.weight", hidden, 1, 3, 3),
                    .. TensorSpec.LayerNorm($"{block}.0.1", hidden),
                    .. TensorSpec.Linear($"{block}.1.fc1", squeezed, hidden, 1, 1),
                    .. TensorSpec.Linear($"{block}.1.fc2", hidden, squeezed, 1, 1),
                    TensorSpec.Weight($"{block}.2.0.weight", hidden, hidden, 1, 1),
                    .. TensorSpec.LayerNorm($"{block}.2.1", hidden),
                ]),
        ];
    }

    internal override void Write(IProjectorBuilder builder, string features)
    {
        var map = builder.ToMap(builder.Mlp(features, [$"{Prefix}.mlp.1", $"{Prefix}.mlp.3"]), builder.Vision.GridSize);
        map = WriteBlock(builder, $"{Prefix}.mb_block.1.block", "projector.block1", map, stride: 1);
        map = WriteBlock(builder, $"{Prefix}.mb_block.2.block", "projector.block2", map, stride: 2);
        builder.MapToVisualTokens(map, TokenGrid(builder.Vision));
    }

    /// <summary>A quarter of the channels, rounded to a multiple of 8 but never by more than a tenth downwards
    /// (torchvision's <c>_make_divisible</c>).</summary>
    internal static int SqueezeChannels(int channels)
    {
        var quarter = channels / 4;
        var rounded = Math.Max(8, (quarter + 4) / 8 * 8);
        return rounded < 0.9 * quarter ? rounded + 8 : rounded;
    }

    /// <summary>MobileNetV3's inverted residual without expansion: depthwise convolution, squeeze and excitation,
    /// pointwise convolution; norms over the channels.</summary>
    private static string WriteBlock(IProjectorBuilder builder, string block, string at, string input, int stride)
    {
        var graph = builder.Graph;
        var depthwise = builder.DepthwiseConv($"{at}.depthwise", input, $"{block}.0.0.weight", biasTensor: null, stride);
        var normed = builder.ChannelNorm($"{at}.norm1", depthwise, $"{block}.0.1");
        var active = graph.Node("HardSwish", $"{at}.hardswish", [normed]);

        var squeezed = SqueezeChannels(builder.HiddenSize);
        var mean = graph.Node("GlobalAveragePool", $"{at}.mean", [active]);
        var down = builder.BiasedPointwiseConv($"{at}.squeeze", mean, $"{block}.1.fc1", squeezed, builder.HiddenSize);
        var relu = graph.Node("Relu", $"{at}.relu", [down]);
        var up = builder.BiasedPointwiseConv($"{at}.excite", relu, $"{block}.1.fc2", builder.HiddenSize, squeezed);
        var gate = graph.Node(
            "HardSigmoid", $"{at}.gate", [up], OnnxAttribute.Float("alpha", 1f / 6f), OnnxAttribute.Float("beta", 0.5f));
        var scaled = graph.Node("Mul", $"{at}.scaled", [active, gate]);

        var pointwise = builder.PointwiseConv($"{at}.pointwise", scaled, $"{block}.2.0.weight");
        var result = builder.ChannelNorm($"{at}.norm2", pointwise, $"{block}.2.1");
        return stride == 1 ? graph.Node("Add", $"{at}.residual", [result, input]) : result;
    }
}
