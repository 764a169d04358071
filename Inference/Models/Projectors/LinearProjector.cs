namespace MobileVlm.Edge.Inference.Models.Projectors;

/// <summary>One linear layer, as in LLaVA (arXiv 2304.08485, section 4.1): one visual token per patch.</summary>
internal sealed class LinearProjector() : ProjectorType("Linear", "linear")
{
    private const string Layer = "model.mm_projector";

    public override string Family => "LLaVA";

    public override int TokenGrid(VisionConfig vision) => vision.GridSize;

    private protected override double SquareRows(VisionConfig vision) => 0;

    internal override IEnumerable<TensorSpec> Tensors(int features, int hidden) => TensorSpec.Linear(Layer, hidden, features);

    internal override void Write(IProjectorBuilder builder, string features) =>
        builder.RowsToVisualTokens(builder.Mlp(features, [Layer]));
}
