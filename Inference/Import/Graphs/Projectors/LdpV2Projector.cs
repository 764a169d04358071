using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Onnx;

namespace MobileVlm.Edge.Inference.Import.Graphs.Projectors;

/// <summary>LDPv2 (MobileVLM V2, arXiv 2402.03766, section 3.2): an MLP, average pooling to a fixed grid and a depthwise
/// convolution that adds positions.</summary>
internal sealed class LdpV2Projector : Projector
{
    private const string Prefix = "model.mm_projector";

    public override ProjectorType Type => ProjectorType.LdpV2;

    public override IEnumerable<TensorSpec> Tensors(int features, int hidden) =>
    [
        .. TensorSpec.Linear($"{Prefix}.mlp.mlp.0", hidden, features),
        .. TensorSpec.Linear($"{Prefix}.mlp.mlp.2", hidden, hidden),
        .. TensorSpec.Linear($"{Prefix}.peg.peg.0", hidden, 1, 3, 3),
    ];

    public override void Write(ProjectorBuilder builder, string features)
    {
        var (graph, grid) = (builder.Graph, Type.TokenGrid(builder.Vision));
        var window = builder.Vision.GridSize / grid;

        // The paper pools behind the second linear layer. Before it there are fewer rows to multiply, and the result is the same.
        string Pool(string rows)
        {
            var map = builder.ToMap(rows, builder.Vision.GridSize, "projector.patches");
            var means = graph.Node(
                "AveragePool", "projector.means", [map],
                OnnxAttribute.Ints("kernel_shape", window, window), OnnxAttribute.Ints("strides", window, window));
            return builder.ToRows(means, grid, "projector.mean_rows");
        }

        var pooled = builder.ToMap(builder.Mlp(features, $"{Prefix}.mlp.mlp.0", $"{Prefix}.mlp.mlp.2", Pool), grid);
        var positions = builder.DepthwiseConv(
            "projector.peg", pooled, $"{Prefix}.peg.peg.0.weight", $"{Prefix}.peg.peg.0.bias", stride: 1);
        builder.ToVisualTokens(graph.Node("Add", "projector.placed", [positions, pooled]), grid);
    }
}
