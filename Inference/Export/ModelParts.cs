using MobileVlm.Edge.Inference.Checkpoints;
using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Inference.Export;

/// <summary>The graphs of one import in the recipes that were taken so far. A refused recipe gives way to the next.</summary>
internal sealed class ModelParts(Checkpoint checkpoint, PrecisionPlan plan, WeightSource source)
{
    private readonly List<string> _reasons = [];
    private int _decoder;
    private int _vision;

    /// <summary>What weights are rounded for; read when they are written.</summary>
    public ActivationMoments Moments { get; } = new();

    public DecoderRecipe Decoder => plan.Decoder[_decoder];

    public VisionRecipe Vision => plan.Vision[_vision];

    public bool Sees => checkpoint.Config.Vision is not null;

    /// <summary>Whether another recipe would follow, so that this one may be refused.</summary>
    public bool DecoderHasNext => _decoder < plan.Decoder.Count - 1;

    /// <inheritdoc cref="DecoderHasNext"/>
    public bool VisionHasNext => _vision < plan.Vision.Count - 1;

    public bool ChoosesDecoder => plan.Decoder.Count > 1;

    public bool ChoosesVision => plan.Vision.Count > 1;

    public IReadOnlyList<(string File, OnnxGraph Graph)> Build() => Sees
        ? [(ModelFolder.VisionFile, BuildVision()), (ModelFolder.DecoderFile, BuildDecoder())]
        : [(ModelFolder.DecoderFile, BuildDecoder())];

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

    public void Explain(string reason) => _reasons.Add(reason);

    public ModelPrecision Describe()
    {
        var embedding = checkpoint.Get("model.embed_tokens.weight").Type switch
        {
            ElementType.Float16 => "fp16",
            ElementType.BFloat16 => "bf16",
            _ => "fp32",
        };
        var rounds = Decoder.Body.Bits > 0 || (Sees && Vision.Tower.Bits > 0);
        return new ModelPrecision(
            Sees ? Vision.Tower.ToString() : null, Decoder.Body.ToString(), Decoder.Head.ToString(), embedding)
        {
            Sensitive = Decoder.Sensitive == Decoder.Body ? null : Decoder.Sensitive.ToString(),
            VisionGuarded = Sees && Vision.Guarded != Vision.Tower ? Vision.Guarded.ToString() : null,
            Projector = Sees ? Vision.Projector.ToString() : null,
            Rounding = (rounds, Moments.IsEmpty) switch
            {
                (false, _) => null,
                (true, true) => "least squared error",
                (true, false) => Decoder.Body.Kind == WeightKind.Blocks && plan.ScalesChannels
                    ? "least squared error, weighted by activations, the decoder's channels scaled"
                    : "least squared error, weighted by activations",
            },
            Choice = _reasons.Count == 0 ? null : [.. _reasons],
        };
    }

    private OnnxGraph BuildVision()
    {
        var graph = new OnnxGraph("vision");
        NewVision().Write(graph, source);
        return graph;
    }

    private OnnxGraph BuildDecoder()
    {
        var graph = new OnnxGraph("decoder");
        if (Decoder.Body.Kind == WeightKind.Blocks && plan.ScalesChannels)
        {
            var language = checkpoint.Config.Language;
            var scales = new ChannelScales(checkpoint, Moments, [.. ChannelGroup.Of(language, Decoder)]);
            new DecoderGraph(language, DecoderWriters.Create(Decoder, scales)).Write(graph, source.Scaled(scales));
        }
        else
        {
            NewDecoder().Write(graph, source);
        }

        return graph;
    }
}
