using MobileVlm.Edge.Inference.Import.Calibration;
using MobileVlm.Edge.Inference.Import.Checkpoints;
using MobileVlm.Edge.Inference.Import.Graphs;
using MobileVlm.Edge.Inference.Import.Precision;
using MobileVlm.Edge.Inference.Import.Quantization;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Onnx;

namespace MobileVlm.Edge.Inference.Import;

/// <summary>The finished parts in a folder, cut into segments that use the very files: an import can try what it made
/// without the memory that the whole model takes.</summary>
/// <param name="checkpoint">Sizes and embeddings.</param>
/// <param name="graphBuilder">Builds the segments.</param>
/// <param name="folder">Full path.</param>
/// <param name="writer">Wrote it.</param>
/// <param name="cancel">Stops it.</param>
internal sealed class StoredModel(
    Checkpoint checkpoint, ImportGraphBuilder graphBuilder, string folder, ModelFolderWriter writer, CancellationToken cancel)
{
    // Finds tensors and reads none, so that the import's progress does not change.
    private readonly CheckpointWeights _weights = new(checkpoint, progress: null, cancel);

    /// <summary>The vision encoder alone.</summary>
    /// <param name="recipe">The recipe in which the folder has it.</param>
    public LayerwiseModel OpenVision(VisionRecipe recipe) =>
        new(checkpoint, [.. Vision(checkpoint.Config.Vision!, recipe)], [], graphBuilder.ActivationType);

    /// <summary>The decoder alone.</summary>
    /// <param name="recipe">The recipe in which the folder has it.</param>
    public LayerwiseModel OpenDecoder(DecoderRecipe recipe) =>
        new(checkpoint, [], [.. Decoder(ModelFolder.DecoderFile, recipe.Body, () => graphBuilder.NewDecoderWriter(recipe))], graphBuilder.ActivationType);

    /// <summary>The decoder with its prefill weights alone.</summary>
    /// <param name="format">The format in which the folder has them.</param>
    public LayerwiseModel OpenPrefill(WeightFormat format) =>
        new(checkpoint, [], [.. Decoder(ModelFolder.PrefillFile, format, () => graphBuilder.NewPrefillWriter(format))], graphBuilder.ActivationType);

    private IEnumerable<ISegment> Vision(VisionConfig vision, VisionRecipe recipe)
    {
        ISegment Piece(string result, Action<VisionGraphWriter, OnnxGraph> write) =>
            Segment(ModelFolder.VisionFile, recipe.Tower, result, graph => write(graphBuilder.NewVisionWriter(recipe), graph));

        yield return Piece(VisionGraphWriter.NextHidden, (model, graph) => model.WriteEmbeddings(graph, _weights));
        foreach (var layer in Enumerable.Range(0, vision.LayersUsed))
        {
            yield return Piece(VisionGraphWriter.NextHidden, (model, graph) => model.WriteLayer(graph, _weights, layer));
        }

        yield return Piece(VisionTensors.VisualTokens, (model, graph) => model.WriteProjector(graph, _weights));
    }

    private IEnumerable<ISegment> Decoder(string file, WeightFormat format, Func<DecoderGraphWriter> open)
    {
        ISegment Piece(string result, Action<OnnxGraph> write) => Segment(file, format, result, write);

        foreach (var layer in Enumerable.Range(0, checkpoint.Config.Language.Layers))
        {
            yield return Piece(DecoderGraphWriter.NextHidden, graph => open().WriteLayer(graph, _weights, layer));
        }

        yield return Piece(DecoderTensors.Logits, graph => open().WriteLogits(graph, _weights));
    }

    private StoredSegment Segment(string file, WeightFormat format, string result, Action<OnnxGraph> write) => new(
        folder,
        () =>
        {
            var graph = graphBuilder.NewGraph("segment");
            write(graph);
            graph.BorrowWeights(ModelFolderWriter.DataFile(file), writer.WeightLocations(file));
            return graph;
        },
        result,
        packs: format.Bits > 0,
        cancel);
}
