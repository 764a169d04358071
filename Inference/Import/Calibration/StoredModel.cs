using MobileVlm.Edge.Inference.Import.Checkpoints;
using MobileVlm.Edge.Inference.Import.Graphs;
using MobileVlm.Edge.Inference.Import.Precision;
using MobileVlm.Edge.Inference.Import.Quantization;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Onnx;

namespace MobileVlm.Edge.Inference.Import.Calibration;

/// <summary>The parts that lie finished in a folder, cut into segments over the very files: an import can try what it made
/// without the memory that it takes to run.</summary>
/// <param name="checkpoint">Sizes and embeddings.</param>
/// <param name="parts">In the recipes that the folder is in.</param>
/// <param name="folder">Full path.</param>
/// <param name="writer">That wrote it.</param>
/// <param name="cancel">Stops it.</param>
internal sealed class StoredModel(
    Checkpoint checkpoint, ImportedGraphs parts, string folder, ModelFolderWriter writer, CancellationToken cancel)
{
    // Looks tensors up and reads none, so that the import's progress is not moved.
    private readonly WeightSource _source = new(checkpoint, progress: null, cancel);

    public LayerwisePass Open() => new(checkpoint, parts.Sees ? [.. Vision(checkpoint.Config.Vision!)] : [], [.. Decoder(ModelFolder.DecoderFile, parts.Decoder.Body, parts.NewDecoder)], parts.Activations);

    /// <summary>The second set of the decoder's weights; only to think with.</summary>
    public LayerwisePass OpenPrefill() =>
        new(checkpoint, [], [.. Decoder(ModelFolder.PrefillFile, parts.Prefill!.Value, parts.NewPrefill)], parts.Activations);

    private IEnumerable<ISegment> Vision(VisionConfig vision)
    {
        ISegment Piece(string result, Action<OnnxGraph> write) =>
            Segment(ModelFolder.VisionFile, parts.Vision.Tower, result, write);

        yield return Piece(VisionGraph.NextHidden, graph => parts.NewVision().WriteEmbeddings(graph, _source));
        foreach (var layer in Enumerable.Range(0, vision.LayersUsed))
        {
            yield return Piece(VisionGraph.NextHidden, graph => parts.NewVision().WriteLayer(graph, _source, layer));
        }

        yield return Piece(VisionTensors.VisualTokens, graph => parts.NewVision().WriteProjector(graph, _source));
    }

    private IEnumerable<ISegment> Decoder(string file, WeightFormat format, Func<DecoderGraph> open)
    {
        ISegment Piece(string result, Action<OnnxGraph> write) => Segment(file, format, result, write);

        foreach (var layer in Enumerable.Range(0, checkpoint.Config.Language.Layers))
        {
            yield return Piece(DecoderGraph.NextHidden, graph => open().WriteLayer(graph, _source, layer));
        }

        yield return Piece(DecoderTensors.Logits, graph => open().WriteLogits(graph, _source));
    }

    private StoredSegment Segment(string file, WeightFormat format, string result, Action<OnnxGraph> write) => new(
        folder,
        () =>
        {
            var graph = parts.NewGraph("segment");
            write(graph);
            graph.BorrowWeights(ModelFolderWriter.DataFile(file), writer.Places(file));
            return graph;
        },
        result,
        packs: format.Bits > 0,
        cancel);
}
