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

    /// <summary>The decoder as a service runs it: prompts in the prefill weights, answers in the others.</summary>
    /// <param name="recipe">The recipe in which the folder has the decode weights.</param>
    /// <param name="prefill">The format of the prefill weights; null where there are none.</param>
    public LayerwiseModel OpenServed(DecoderRecipe recipe, WeightFormat? prefill) => new(
        checkpoint,
        [],
        [.. Decoder(ModelFolder.DecoderFile, recipe.Body, () => graphBuilder.NewDecoderWriter(recipe))],
        graphBuilder.ActivationType,
        prefill is { } format ? [.. Decoder(ModelFolder.PrefillFile, format, () => graphBuilder.NewPrefillWriter(format))] : null);

    private IEnumerable<ISegment> Vision(VisionConfig vision, VisionRecipe recipe)
    {
        ISegment Piece(Action<VisionGraphWriter, OnnxGraph> write) =>
            Segment(ModelFolder.VisionFile, recipe.Tower, graph => write(graphBuilder.NewVisionWriter(recipe), graph));

        yield return Piece((model, graph) => model.WriteEmbeddings(graph, _weights));
        foreach (var layer in Enumerable.Range(0, vision.LayersUsed))
        {
            yield return Piece((model, graph) => model.WriteLayer(graph, _weights, layer));
        }

        yield return Piece((model, graph) => model.WriteProjector(graph, _weights));
    }

    private IEnumerable<ISegment> Decoder(string file, WeightFormat format, Func<DecoderGraphWriter> open)
    {
        ISegment Piece(Action<OnnxGraph> write) => Segment(file, format, write);

        foreach (var layer in Enumerable.Range(0, checkpoint.Config.Language.Layers))
        {
            yield return Piece(graph => open().WriteLayer(graph, _weights, layer));
        }

        yield return Piece(graph => open().WriteLogits(graph, _weights));
    }

    private StoredSegment Segment(string file, WeightFormat format, Action<OnnxGraph> write) => new(
        folder,
        () =>
        {
            var graph = graphBuilder.NewGraph("segment");
            write(graph);
            graph.BorrowWeights(ModelFolderWriter.DataFile(file), writer.WeightLocations(file));
            return graph;
        },
        packs: format.Bits > 0,
        cancel);
}
