using MobileVlm.Edge.Inference.Import.Checkpoints;
using MobileVlm.Edge.Inference.Import.Graphs;
using MobileVlm.Edge.Inference.Import.Precision;
using MobileVlm.Edge.Inference.Import.Quantization;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Onnx;

namespace MobileVlm.Edge.Inference.Import;

/// <summary>Builds the graphs of one import in any recipe. It has no current recipe; only the channel
/// scales of the last one are kept, because finding them takes long.</summary>
/// <param name="checkpoint">The model.</param>
/// <param name="weights">Its weights.</param>
/// <param name="plan">Determines the type of the graphs and whether channels are scaled.</param>
/// <param name="importance">Importance of the inputs, by which quantization errors are weighted; read when weights are written.</param>
internal sealed class ImportGraphBuilder(Checkpoint checkpoint, CheckpointWeights weights, PrecisionPlan plan, ImportanceMatrix importance)
{
    private (DecoderRecipe Recipe, AwqScales Scales)? _scales;
    private (WeightFormat Format, AwqScales Scales)? _visionScales;

    /// <summary>Type in which the graphs compute, and of the KV cache.</summary>
    public OnnxType ActivationType => plan.ForCuda ? OnnxType.Float16 : OnnxType.Float32;

    /// <summary>An empty graph that computes in <see cref="ActivationType"/>.</summary>
    public OnnxGraph NewGraph(string name) => new(name, ActivationType);

    /// <summary>Writes the encoder, or pieces of it. For one graph.</summary>
    public VisionGraphWriter NewVisionWriter(VisionRecipe recipe) =>
        VisionGraphWriter.Of(checkpoint.Config, VisionWriters.Create(recipe, importance) with { FoldsGeluFactor = ScalesVision(recipe) });

    /// <summary>Writes the decoder, or pieces of it, without channel scales. For one graph.</summary>
    public DecoderGraphWriter NewDecoderWriter(DecoderRecipe recipe) => new(checkpoint.Config.Language, DecoderWriters.Create(recipe, importance));

    /// <summary>Writes the decoder, or pieces of it, in prefill weights without channel scales. For one graph.</summary>
    public DecoderGraphWriter NewPrefillWriter(WeightFormat format) => new(checkpoint.Config.Language, DecoderWriters.ForPrefill(format, importance));

    /// <summary>Every graph of a model with its file.</summary>
    /// <exception cref="CheckpointException">A tensor is missing.</exception>
    public IReadOnlyList<(string File, OnnxGraph Graph)> Build(ModelRecipe recipe)
    {
        var graphs = new List<(string, OnnxGraph)>();
        if (recipe.Vision is { } vision)
        {
            graphs.Add((ModelFolder.VisionFile, BuildVision(vision)));
        }

        graphs.Add((ModelFolder.DecoderFile, BuildDecoder(recipe.Decoder)));
        if (recipe.Prefill is { } prefill)
        {
            graphs.Add((ModelFolder.PrefillFile, BuildPrefill(prefill, recipe.Decoder)));
        }

        return graphs;
    }

    /// <summary>The whole encoder.</summary>
    public OnnxGraph BuildVision(VisionRecipe recipe)
    {
        var scales = VisionScalesOf(recipe);
        var graph = NewGraph("vision");
        var writers = VisionWriters.Create(recipe, Importance(scales)) with { FoldsGeluFactor = ScalesVision(recipe) };
        VisionGraphWriter.Of(checkpoint.Config, writers).Write(graph, scales is null ? weights : weights.Scaled(scales));
        return graph;
    }

    /// <summary>The whole decoder.</summary>
    public OnnxGraph BuildDecoder(DecoderRecipe recipe)
    {
        var scales = ScalesOf(recipe);
        return BuildDecoder("decoder", DecoderWriters.Create(recipe, Importance(scales)), scales);
    }

    /// <summary>The whole decoder in prefill weights.</summary>
    /// <param name="format">Of the prefill weights.</param>
    /// <param name="decoder">The other weights' recipe. The two share keys and values, whose channels have its scales.</param>
    public OnnxGraph BuildPrefill(WeightFormat format, DecoderRecipe decoder)
    {
        var cached = ScalesOf(decoder)?.Cached() ?? CachedScales.None;
        var scales = plan.ScalesChannels
            ? new AwqScales(checkpoint, importance, [.. ChannelGroup.Of(checkpoint.Config.Language, DecoderRecipe.Uniform(format))], cached: cached)
            : null;
        return BuildDecoder("prefill", DecoderWriters.ForPrefill(format, Importance(scales)), scales);
    }

    /// <summary>Channel scales of a recipe; null where it has none.</summary>
    public AwqScales? ScalesOf(DecoderRecipe recipe)
    {
        if (recipe.Body.Bits == 0 || recipe.Body.KeepsStored || !plan.ScalesChannels)
        {
            return null;
        }

        if (_scales is not { } made || made.Recipe != recipe)
        {
            _scales = made = (recipe, new AwqScales(checkpoint, importance, [.. ChannelGroup.Of(checkpoint.Config.Language, recipe)]));
        }

        return made.Scales;
    }

    private bool ScalesVision(VisionRecipe recipe) => recipe.Tower.Kind == WeightKind.DynamicInt8 && plan.ScalesChannels;

    private AwqScales? VisionScalesOf(VisionRecipe recipe)
    {
        if (!ScalesVision(recipe))
        {
            return null;
        }

        if (_visionScales is not { } made || made.Format != recipe.Tower)
        {
            _visionScales = made = (recipe.Tower, new AwqScales(checkpoint, importance, [.. ChannelGroup.Of(checkpoint.Config.Vision!, recipe.Tower)]));
        }

        return made.Scales;
    }

    private IInputImportance Importance(AwqScales? scales) => scales is null ? importance : scales;

    private OnnxGraph BuildDecoder(string name, DecoderWriters writers, AwqScales? scales)
    {
        var graph = NewGraph(name);
        new DecoderGraphWriter(checkpoint.Config.Language, writers).Write(graph, scales is null ? weights : weights.Scaled(scales));
        return graph;
    }
}
