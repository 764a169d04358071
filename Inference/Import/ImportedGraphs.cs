using MobileVlm.Edge.Inference.Import.Checkpoints;
using MobileVlm.Edge.Inference.Import.Graphs;
using MobileVlm.Edge.Inference.Import.Precision;
using MobileVlm.Edge.Inference.Import.Quantization;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Onnx;

namespace MobileVlm.Edge.Inference.Import;

/// <summary>The graphs of one import in the recipes that were taken so far. A refused recipe gives way to the next.</summary>
internal sealed class ImportedGraphs(Checkpoint checkpoint, PrecisionPlan plan, WeightSource source)
{
    private readonly List<string> _reasons = [];
    private int _decoder;
    private int _vision;
    private (DecoderRecipe For, AwqScales Scales)? _scales;

    /// <summary>What weights are rounded for; read when they are written.</summary>
    public ImportanceMatrix Moments { get; } = new();

    public DecoderRecipe Decoder => plan.Decoder[_decoder];

    public VisionRecipe Vision => plan.Vision[_vision];

    public bool Sees => checkpoint.Config.Vision is not null;

    /// <summary>Whether another recipe would follow, so that this one may be refused.</summary>
    public bool DecoderHasNext => _decoder < plan.Decoder.Count - 1;

    /// <inheritdoc cref="DecoderHasNext"/>
    public bool VisionHasNext => _vision < plan.Vision.Count - 1;

    public bool ChoosesDecoder => plan.Decoder.Count > 1;

    public bool ChoosesVision => plan.Vision.Count > 1;

    /// <summary>Of the second set of the decoder's weights; null when there is none.</summary>
    public WeightFormat? Prefill => plan.Prefill;

    /// <summary>Type in which the graphs compute, and of the KV cache.</summary>
    public OnnxType Activations => plan.ForCuda ? OnnxType.Float16 : OnnxType.Float32;

    public OnnxGraph NewGraph(string name) => new(name, Activations);

    public IReadOnlyList<(string File, OnnxGraph Graph)> Build()
    {
        var graphs = new List<(string, OnnxGraph)>();
        if (Sees)
        {
            graphs.Add((ModelFolder.VisionFile, BuildVision()));
        }

        graphs.Add((ModelFolder.DecoderFile, BuildDecoder()));
        if (Prefill is not null)
        {
            graphs.Add((ModelFolder.PrefillFile, BuildPrefill()));
        }

        return graphs;
    }

    /// <summary>The decoder in the recipe after the one that was refused.</summary>
    public OnnxGraph NextDecoder()
    {
        _decoder++;
        return BuildDecoder();
    }

    /// <summary>The encoder in the recipe after the one that was refused.</summary>
    public OnnxGraph NextVision()
    {
        _vision++;
        return BuildVision();
    }

    /// <summary>Writes the encoder, or pieces of it, in its recipe. For one graph.</summary>
    public VisionGraph NewVision() => new(
        checkpoint.Config.Vision!,
        checkpoint.Config.Projector!.Value,
        checkpoint.Config.Language.HiddenSize,
        VisionWriters.Create(Vision, Moments));

    /// <summary>Writes the decoder, or pieces of it, in its recipe. For one graph.</summary>
    public DecoderGraph NewDecoder() => new(checkpoint.Config.Language, DecoderWriters.Create(Decoder, Moments));

    /// <summary>Writes the decoder, or pieces of it, in its second set of weights. For one graph.</summary>
    public DecoderGraph NewPrefill() => new(checkpoint.Config.Language, PrefillWriters(Moments));

    public void Explain(string reason) => _reasons.Add(reason);

    public ModelPrecision Describe()
    {
        var embedding = checkpoint.Get("model.embed_tokens.weight").Type.ManifestName();
        var rounds = Decoder.Body.Bits > 0 || (Sees && Vision.Tower.Bits > 0);
        return new ModelPrecision(
            Sees ? Vision.Tower.ToString() : null, Decoder.Body.ToString(), Decoder.Head.ToString(), embedding)
        {
            Sensitive = Decoder.Sensitive == Decoder.Body ? null : Decoder.Sensitive.ToString(),
            VisionGuarded = Sees && Vision.Guarded != Vision.Tower ? Vision.Guarded.ToString() : null,
            Projector = Sees ? Vision.Projector.ToString() : null,
            Prefill = Prefill?.ToString(),
            Activations = plan.ForCuda ? "fp16" : null,
            Rounding = (rounds, Moments.IsEmpty) switch
            {
                (false, _) => null,
                (true, true) => "least squared error",
                (true, false) => Scales() is { } scales
                    ? $"least squared error, weighted by activations, {scales.Describe()}"
                    : "least squared error, weighted by activations",
            },
            Choice = _reasons.Count == 0 ? null : [.. _reasons],
        };
    }

    private OnnxGraph BuildVision()
    {
        var graph = NewGraph("vision");
        NewVision().Write(graph, source);
        return graph;
    }

    private OnnxGraph BuildDecoder()
    {
        var graph = NewGraph("decoder");
        if (Scales() is { } scales)
        {
            new DecoderGraph(checkpoint.Config.Language, DecoderWriters.Create(Decoder, scales)).Write(graph, source.Scaled(scales));
        }
        else
        {
            NewDecoder().Write(graph, source);
        }

        return graph;
    }

    /// <summary>With the same channels scaled as the other set has: the two share keys and values.</summary>
    private OnnxGraph BuildPrefill()
    {
        var graph = NewGraph("prefill");
        if (Scales() is { } scales)
        {
            new DecoderGraph(checkpoint.Config.Language, PrefillWriters(scales)).Write(graph, source.Scaled(scales));
        }
        else
        {
            NewPrefill().Write(graph, source);
        }

        return graph;
    }

    private AwqScales? Scales()
    {
        if (Decoder.Body.Kind != WeightKind.BlockQuantized || !plan.ScalesChannels)
        {
            return null;
        }

        if (_scales is not { } made || made.For != Decoder)
        {
            var language = checkpoint.Config.Language;
            _scales = made = (Decoder, new AwqScales(checkpoint, Moments, [.. ChannelGroup.Of(language, Decoder)]));
        }

        return made.Scales;
    }

    private DecoderWriters PrefillWriters(IInputImportance importance)
    {
        // One writer for all, which rounds an input of several matrices once.
        var rows = LinearWriter.Create(Prefill!.Value, importance);
        return new DecoderWriters(rows, rows, rows);
    }
}
