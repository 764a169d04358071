namespace MobileVlm.Edge.Inference.Export;

/// <summary>The same encoder cut between its layers, for machines that cannot hold all of it in float32.</summary>
internal sealed partial class VisionGraph
{
    /// <summary>Residual stream into a segment, [1, patches + 1, width].</summary>
    public const string Hidden = "hidden";

    /// <summary>Residual stream out of a segment, [1, patches + 1, width].</summary>
    public const string NextHidden = "next_hidden";

    /// <summary>Pixels to the first layer's input.</summary>
    public void WriteEmbeddings(OnnxGraph graph, WeightSource source)
    {
        var pixels = graph.Input(PixelValues, OnnxType.Float32, 1, 3, vision.ImageSize, vision.ImageSize);
        graph.Node("Identity", NextHidden, [WriteEmbeddings(graph, source, pixels)]);
        graph.Output(NextHidden, OnnxType.Float32, 1, vision.Patches + 1, vision.HiddenSize);
    }

    public void WriteLayer(OnnxGraph graph, WeightSource source, int layer)
    {
        var hidden = graph.Input(Hidden, OnnxType.Float32, 1, vision.Patches + 1, vision.HiddenSize);
        var (residual, mlp, bias) = WriteLayer(graph, source, layer, hidden, "", "");
        graph.Node("Add", NextHidden, [residual, graph.Node("Add", "biased", [mlp, bias])]);
        graph.Output(NextHidden, OnnxType.Float32, 1, vision.Patches + 1, vision.HiddenSize);
    }

    public void WriteProjector(OnnxGraph graph, WeightSource source) =>
        WriteProjector(graph, source, graph.Input(Hidden, OnnxType.Float32, 1, vision.Patches + 1, vision.HiddenSize));
}
