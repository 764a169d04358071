namespace MobileVlm.Edge.Inference.Models.Projectors;

/// <summary>LDPv2 (MobileVLM V2, arXiv 2402.03766, section 3.2): an MLP, average pooling to a fixed grid and a depthwise
/// convolution that adds positions.</summary>
internal sealed class LdpV2Projector() : ProjectorType("LdpV2", "ldpnetv2")
{
    private const string Prefix = "model.mm_projector";

    /// <summary>Rows and columns of the visual tokens, whatever the vision tower's grid is.</summary>
    private const int PooledGrid = 12;

    public override string Family => "MobileVLM V2";

    public override bool TakesTowerFromCheckpoint => true;

    public override int TokenGrid(VisionConfig vision) => PooledGrid;

    /// <summary>It has no pointwise convolutions, and the MLP's second layer multiplies pooled rows.</summary>
    private protected override double SquareRows(VisionConfig vision) => TokenCount(vision);

    internal override IEnumerable<TensorSpec> Tensors(int features, int hidden) =>
    [
        .. TensorSpec.Linear($"{Prefix}.mlp.mlp.0", hidden, features),
        .. TensorSpec.Linear($"{Prefix}.mlp.mlp.2", hidden, hidden),
        .. TensorSpec.Linear($"{Prefix}.peg.peg.0", hidden, 1, 3, 3),
    ];

    internal override void Write(IProjectorBuilder builder, string features)
    {
        // The paper pools behind the second linear layer. Before it there are fewer rows to multiply, and the result is the same.
        var rows = builder.Mlp(features, [$"{Prefix}.mlp.mlp.0", $"{Prefix}.mlp.mlp.2"], rows => Pool(builder, rows));
        var pooled = builder.ToMap(rows, PooledGrid);
        var positions = builder.DepthwiseConv(
            "projector.peg", pooled, $"{Prefix}.peg.peg.0.weight", $"{Prefix}.peg.peg.0.bias", stride: 1);
        builder.MapToVisualTokens(builder.Graph.Node("Add", "projector.placed", [positions, pooled]), PooledGrid);
    }

    private static string Pool(IProjectorBuilder builder, string rows)
    {
        var grid = builder.Vision.GridSize;
        var map = builder.ToMap(rows, grid, "projector.patches");
        return builder.ToRows(builder.AdaptiveMean(map, grid, PooledGrid, "projector.means"), PooledGrid, "projector.mean_rows");
    }
}
