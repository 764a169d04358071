using MobileVlm.Edge.Inference.Import.Quantization;
using MobileVlm.Edge.Inference.Onnx;

namespace MobileVlm.Edge.Inference.Import.Graphs;

/// <summary>The same encoder cut between its layers, for machines that cannot hold all of it in float32.</summary>
internal sealed partial class VisionGraphWriter
{
    /// <summary>Residual stream into a segment, [1, patches + 1, width].</summary>
    public const string Hidden = "hidden";

    /// <summary>Residual stream out of a segment, [1, patches + 1, width].</summary>
    public const string NextHidden = "next_hidden";

    /// <summary>Pixels to the first layer's input.</summary>
    public void WriteEmbeddings(OnnxGraph graph, IWeightSource source)
    {
        graph.Node("Identity", graph.NameBeforeCast(NextHidden), [WriteEmbeddings(graph, source, WritePixels(graph))]);
        graph.ToFloat32(NextHidden);
        graph.Output(NextHidden, OnnxType.Float32, 1, vision.Patches + 1, vision.HiddenSize);
    }

    public void WriteLayer(OnnxGraph graph, IWeightSource source, int layer)
    {
        var (residual, mlp) = WriteLayer(graph, source, layer, WriteHidden(graph), "");
        graph.Node("Add", graph.NameBeforeCast(NextHidden), [residual, mlp]);
        graph.ToFloat32(NextHidden);
        graph.Output(NextHidden, OnnxType.Float32, 1, vision.Patches + 1, vision.HiddenSize);
    }

    public void WriteProjector(OnnxGraph graph, IWeightSource source) =>
        WriteProjector(graph, source, WriteHidden(graph));

    private string WriteHidden(OnnxGraph graph) =>
        graph.FromFloat32("hidden_in", graph.Input(Hidden, OnnxType.Float32, 1, vision.Patches + 1, vision.HiddenSize));
}
