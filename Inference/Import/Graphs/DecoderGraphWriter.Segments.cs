using MobileVlm.Edge.Inference.Import.Quantization;
using MobileVlm.Edge.Inference.Onnx;
using static MobileVlm.Edge.Inference.Models.DecoderTensors;

namespace MobileVlm.Edge.Inference.Import.Graphs;

/// <summary>The same decoder cut between its layers, for machines that cannot hold all of it in float32.</summary>
internal sealed partial class DecoderGraphWriter
{
    /// <summary>Residual stream into a segment, [1, sequence, hidden].</summary>
    public const string Hidden = "hidden";

    /// <summary>Residual stream out of a layer, [1, sequence, hidden].</summary>
    public const string NextHidden = "next_hidden";

    /// <summary>Writes a graph of one layer. Its cache grows with each run: the outputs are as long as the whole sequence.</summary>
    public void WriteLayer(OnnxGraph graph, IWeightSource source, int layer)
    {
        var hidden = graph.FromFloat32("hidden_in", graph.Input(Hidden, OnnxType.Float32, 1, "sequence", config.HiddenSize));
        WriteLengths(graph);
        WriteRotaryCaches(graph);
        var at = $"layers.{layer}";
        var normed = RmsNorm(graph, source, $"{at}.input_norm", hidden, $"model.{at}.input_layernorm.weight");
        var attention = WriteAttention(graph, source, layer, normed);
        (normed, var residual) = SkipNorm(
            graph, source, $"{at}.post_norm", hidden, attention, $"model.{at}.post_attention_layernorm.weight", $"{at}.post_norm.residual");
        graph.Node("Add", graph.NameBeforeCast(NextHidden), [residual, WriteMlp(graph, source, layer, normed)]);
        graph.ToFloat32(NextHidden);
        graph.Output(NextHidden, OnnxType.Float32, 1, "sequence", config.HiddenSize);
        graph.Output(PresentKey(layer), graph.ActivationType, 1, config.KeyValueHeads, "total", config.HeadSize);
        graph.Output(PresentValue(layer), graph.ActivationType, 1, config.KeyValueHeads, "total", config.HeadSize);
    }

    /// <summary>The last norm and the head, for chosen rows.</summary>
    public void WriteLogits(OnnxGraph graph, IWeightSource source)
    {
        var hidden = graph.FromFloat32("hidden_in", graph.Input(Hidden, OnnxType.Float32, 1, "sequence", config.HiddenSize));
        var rows = graph.Input(LogitRows, OnnxType.Int64, "rows");
        WriteHead(graph, source, Requested(graph, "requested_rows", RmsNorm(graph, source, "norm", hidden, "model.norm.weight"), rows));
    }
}
