using MobileVlm.Edge.Inference.Import.Precision;
using MobileVlm.Edge.Inference.Import.Quantization;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Onnx;
using static MobileVlm.Edge.Inference.Models.VisionTensors;

namespace MobileVlm.Edge.Inference.Import.Graphs;

/// <summary>Writes the CLIP vision transformer up to the selected layer, and the projector behind it, as one ONNX
/// graph: normalised pixels in, visual tokens out. The patch features between the two are a second output, for
/// comparison with the reference.</summary>
internal sealed partial class VisionGraphWriter(VisionConfig vision, ProjectorType projector, int hidden, VisionWriters writers)
{
    /// <summary>A number that no value of x * sigmoid(x) is below: its minimum is -0.27846.</summary>
    private const float SiluLowest = -0.2785f;

    /// <summary>Writes the encoder of a model that has one.</summary>
    public static VisionGraphWriter Of(ModelConfig config, VisionWriters writers) =>
        new(config.Vision!, config.Projector!, config.Language.HiddenSize, writers);

    public void Write(OnnxGraph graph, IWeightSource source)
    {
        var pixels = WritePixels(graph);
        var x = WriteEmbeddings(graph, source, pixels);
        var residual = x;
        var pending = "";
        for (var layer = 0; layer < vision.LayersUsed; layer++)
        {
            (residual, pending) = WriteLayer(graph, source, layer, residual, pending);
        }

        if (pending.Length > 0)
        {
            residual = graph.Node("Add", "vision.last_hidden", [residual, pending]);
        }

        WriteProjector(graph, source, residual);
    }

    private string WritePixels(OnnxGraph graph) => graph.FromFloat32(
        "vision.pixels", graph.Input(PixelValues, OnnxType.Float32, 1, 3, vision.ImageSize, vision.ImageSize));

    private void WriteProjector(OnnxGraph graph, IWeightSource source, string lastHidden)
    {
        var (width, patches) = (vision.HiddenSize, vision.Patches);

        // The class token is for CLIP's own head; the projector takes the patches only.
        var features = graph.Node(
            "Slice",
            graph.NameBeforeCast(PatchFeatures),
            [lastHidden, graph.Constant("patches_from", [1]), graph.Constant("patches_to", [patches + 1]), graph.Constant("patches_axis", [1])]);
        graph.ToFloat32(PatchFeatures);
        graph.Output(PatchFeatures, OnnxType.Float32, 1, patches, width);
        projector.Write(new ProjectorBuilder(graph, source, writers.Projector, vision, hidden), features);
        graph.Output(VisualTokens, OnnxType.Float32, 1, projector.TokenCount(vision), hidden);
    }

    private string WriteEmbeddings(OnnxGraph graph, IWeightSource source, string pixels)
    {
        var (width, patch, patches) = (vision.HiddenSize, vision.PatchSize, vision.Patches);
        var conv = graph.Node(
            "Conv",
            "vision.patch_embedding",
            [pixels, graph.FloatWeight(
                "vision.patch_embedding.weight", [width, 3, patch, patch],
                source.Untransposed("vision.embeddings.patch_embedding.weight", width, 3, patch, patch))],
            OnnxAttribute.Ints("kernel_shape", patch, patch),
            OnnxAttribute.Ints("strides", patch, patch));
        var flat = graph.Node("Reshape", "vision.patches_flat", [conv, graph.Constant("patches_flat_shape", [1, width, patches])]);
        var rows = graph.Node("Transpose", "vision.patches", [flat], OnnxAttribute.Ints("perm", 0, 2, 1));
        var cls = graph.FloatWeight(
            "vision.class_embedding", [1, 1, width], source.Untransposed("vision.embeddings.class_embedding", width));
        var all = graph.Node("Concat", "vision.tokens", [cls, rows], OnnxAttribute.Int("axis", 1));
        var position = graph.FloatWeight(
            "vision.position_embedding", [1, patches + 1, width],
            source.Untransposed("vision.embeddings.position_embedding.weight", patches + 1, width));
        var placed = graph.Node("Add", "vision.embeddings", [all, position]);

        // The misspelling is CLIP's.
        return Norm(graph, source, "vision.pre_norm", placed, "vision.pre_layrnorm");
    }

    /// <summary>Writes one pre-norm layer. The MLP's result is added by the next layer.</summary>
    private (string Residual, string Pending) WriteLayer(OnnxGraph graph, IWeightSource source, int layer, string residual, string pending)
    {
        var width = vision.HiddenSize;
        var (at, prefix) = ($"vision.{layer}", $"vision.encoder.layers.{layer}");
        string normed;
        if (pending.Length == 0)
        {
            normed = Norm(graph, source, $"{at}.norm1", residual, $"{prefix}.layer_norm1");
        }
        else
        {
            (normed, residual) = SkipNorm(graph, source, $"{at}.norm1", residual, pending, $"{prefix}.layer_norm1");
        }

        string Project(string part) => writers.Tower.Write(
            graph, source, $"{at}.{part}", normed, new LinearWeight($"{prefix}.self_attn.{part}_proj.weight", width, width));
        var (q, k, v) = (Project("q"), Project("k"), Project("v"));
        Action<Stream> Biases(string part) => source.Untransposed($"{prefix}.self_attn.{part}_proj.bias", width);
        var bias = graph.FloatWeight($"{at}.qkv_bias", [3 * width], Biases("q") + Biases("k") + Biases("v"));
        var attention = graph.Contrib(
            "MultiHeadAttention", $"{at}.attention", [q, k, v, bias], OnnxAttribute.Int("num_heads", vision.Heads));
        var projected = writers.Tower.WriteBiased(
            graph, source, $"{at}.out", attention, VectorWeight(graph, source, $"{at}.out_bias", $"{prefix}.self_attn.out_proj.bias", width),
            new LinearWeight($"{prefix}.self_attn.out_proj.weight", width, width));
        (normed, residual) = SkipNorm(graph, source, $"{at}.norm2", residual, projected, $"{prefix}.layer_norm2");
        return (residual, WriteMlp(graph, source, at, $"{prefix}.mlp", normed));
    }

    private string WriteMlp(OnnxGraph graph, IWeightSource source, string at, string prefix, string normed)
    {
        var (width, inner) = (vision.HiddenSize, vision.IntermediateSize);
        var alpha = writers.FoldsGeluFactor ? 1 : VisionConfig.QuickGeluAlpha;
        string Activate(string part, IWeightSource weights, int outputs)
        {
            var bias = graph.FloatWeight($"{at}.{part}_bias", [outputs], weights.Untransposed($"{prefix}.fc1.bias", outputs));
            var raised = writers.Tower.WriteBiased(graph, weights, $"{at}.{part}", normed, bias, new LinearWeight($"{prefix}.fc1.weight", outputs, width));
            return graph.Contrib("QuickGelu", $"{at}.{part}_gelu", [raised], OnnxAttribute.Float("alpha", alpha));
        }

        LinearInput active;
        if (writers.OutlierProne.KeptInputCount(inner) is > 0 and var kept)
        {
            // What the second matrix multiplies apart is computed apart: zeros in its place do not widen the others' scale, and
            // nothing has to be taken out of 577 x 4096 values.
            int[] Kept() => writers.OutlierProne.KeptInputs($"{at}.fc2", inner);
            active = new LinearInput(
                Activate("fc1", new SplitOutputs(source, inner, Kept, keepsChosen: false), inner),
                SiluLowest / alpha,
                Activate("fc1_kept", new SplitOutputs(source, inner, Kept, keepsChosen: true), kept));
        }
        else
        {
            active = new LinearInput(Activate("fc1", source, inner), SiluLowest / alpha);
        }

        return writers.OutlierProne.WriteBiased(
            graph, source, $"{at}.fc2", active, VectorWeight(graph, source, $"{at}.fc2_bias", $"{prefix}.fc2.bias", width),
            new LinearWeight($"{prefix}.fc2.weight", width, inner));
    }

    private string Norm(OnnxGraph graph, IWeightSource source, string node, string input, string weight) => graph.Node(
        "LayerNormalization",
        node,
        [input, VectorWeight(graph, source, $"{node}.weight", $"{weight}.weight", vision.HiddenSize), VectorWeight(graph, source, $"{node}.bias", $"{weight}.bias", vision.HiddenSize)],
        OnnxAttribute.Int("axis", -1),
        OnnxAttribute.Float("epsilon", vision.LayerNormEpsilon));

    /// <summary>Norm of residual + update; also yields that sum, the next residual. Single operators: ONNX Runtime's
    /// SkipLayerNormalization on a processor takes five times as long
    /// (<see cref="Sessions.SessionFactory"/> keeps it from being put together again).</summary>
    private (string Normed, string Residual) SkipNorm(
        OnnxGraph graph, IWeightSource source, string node, string residual, string update, string weight)
    {
        var sum = graph.Node("Add", $"{node}.residual", [residual, update]);
        return (Norm(graph, source, node, sum, weight), sum);
    }

    private static string VectorWeight(OnnxGraph graph, IWeightSource source, string name, string tensor, int size) =>
        graph.FloatWeight(name, [size], source.Untransposed(tensor, size));
}

/// <summary>The writer of each matrix of a vision encoder.</summary>
/// <param name="Tower">All but the ones below.</param>
/// <param name="OutlierProne">The MLP's second, whose inputs have outliers.</param>
/// <param name="Projector">The projector's.</param>
internal sealed record VisionWriters(LinearWriter Tower, LinearWriter OutlierProne, LinearWriter Projector)
{
    /// <summary>Whether the weights around QuickGELU are scaled by its factor, see <see cref="ChannelGroup.Of(VisionConfig, WeightFormat)"/>.</summary>
    public bool FoldsGeluFactor { get; init; }

    /// <param name="recipe">The precision of each part.</param>
    /// <param name="importance">Of the inputs.</param>
    public static VisionWriters Create(VisionRecipe recipe, IInputImportance importance)
    {
        // One writer for one format: two would claim the same names in one graph.
        var tower = LinearWriter.Create(recipe.Tower, importance);
        var outlierProne = recipe.OutlierProne == recipe.Tower ? tower : LinearWriter.Create(recipe.OutlierProne, importance);
        return new VisionWriters(
            tower,
            outlierProne,
            recipe.Projector == recipe.OutlierProne ? outlierProne : LinearWriter.Create(recipe.Projector, importance));
    }
}
