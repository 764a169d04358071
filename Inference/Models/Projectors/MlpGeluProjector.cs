namespace MobileVlm.Edge.Inference.Models.Projectors;

/// <summary>Linear layers with GELU between them, as in LLaVA-1.5 (arXiv 2310.03744, section 3.2): one visual token per patch.</summary>
/// <param name="depth">Number of linear layers.</param>
internal sealed class MlpGeluProjector(int depth) : ProjectorType($"Mlp{depth}xGelu", $"mlp{depth}x_gelu")
{
    private const string Prefix = "model.mm_projector";

    /// <summary>LLaVA-1.5 has two layers. No published model has more than a few.</summary>
    private const int MostLayers = 8;

    public override string Family => "LLaVA";

    private protected override string ConfigPattern => $"\"mlpNx_gelu\" (N from 1 to {MostLayers})";

    /// <summary>The activations between the layers have odd numbers.</summary>
    private IEnumerable<string> Layers => Enumerable.Range(0, depth).Select(layer => $"{Prefix}.{2 * layer}");

    /// <summary>The projectors of one layer to <see cref="MostLayers"/>.</summary>
    public static IEnumerable<ProjectorType> EveryDepth() =>
        Enumerable.Range(1, MostLayers).Select(depth => new MlpGeluProjector(depth));

    public override int TokenGrid(VisionConfig vision) => vision.GridSize;

    private protected override double SquareRows(VisionConfig vision) => (double)(depth - 1) * vision.Patches;

    internal override IEnumerable<TensorSpec> Tensors(int features, int hidden) =>
        Layers.SelectMany((layer, index) => TensorSpec.Linear(layer, hidden, index == 0 ? features : hidden));

    internal override void Write(IProjectorBuilder builder, string features) =>
        builder.RowsToVisualTokens(builder.Mlp(features, [.. Layers]));
}
