using MobileVlm.Edge.Inference.Import.Checkpoints;
using MobileVlm.Edge.Inference.Import.Precision;
using MobileVlm.Edge.Inference.Import.Quantization;
using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Inference.Import;

/// <summary>The precision of a checkpoint whose matrices are quantized already: it is kept where the plan does not name another one.</summary>
internal static class StoredPrecision
{
    /// <summary>The plan for this checkpoint.</summary>
    /// <param name="plan">What was asked for.</param>
    /// <param name="checkpoint">Determines whether there is anything to keep.</param>
    public static PrecisionPlan Resolve(PrecisionPlan plan, Checkpoint checkpoint)
    {
        var decoder = plan.KeepsStoredDecoder ? DecoderMatrices(checkpoint).ToList() : [];
        var vision = plan.KeepsStoredVision ? VisionMatrices(checkpoint).ToList() : [];
        return plan with
        {
            KeepsStoredDecoder = false,
            KeepsStoredVision = false,
            DecoderRecipes = IsQuantized(decoder) ? [DecoderRecipe.Stored(MostBits(decoder))] : plan.DecoderRecipes,
            VisionRecipes = IsQuantized(vision) ? [VisionRecipe.Stored(MostBits(vision))] : plan.VisionRecipes,
            CompensatesStored = decoder.Any(matrix => FormOf(matrix) is { IsKept: false, Bits: < 8 }),
        };
    }

    /// <summary>What was kept and what was quantized again, a sentence for each part; null where the recipe keeps nothing.</summary>
    public static IReadOnlyList<string>? Describe(ModelRecipe recipe, Checkpoint checkpoint)
    {
        var lines = new List<string>();
        if (recipe.Decoder.Body.KeepsStored)
        {
            lines.Add($"decoder matrices: {Describe(DecoderMatrices(checkpoint))}");
        }

        if (recipe.Vision?.Tower.KeepsStored == true)
        {
            lines.Add($"vision matrices: {Describe(VisionMatrices(checkpoint))}");
        }

        return lines.Count == 0 ? null : lines;
    }

    private static string Describe(IEnumerable<CheckpointTensor> matrices) => string.Join(", ",
        from matrix in matrices
        group matrix by (Type: TypeOf(matrix), Form: FormOf(matrix)) into same
        orderby same.Key.Form.IsKept descending, same.Count() descending
        select $"{same.Count()} {same.Key.Type} {(same.Key.Form.IsKept ? "as stored" : $"quantized again to {same.Key.Form.QuantizedName}")}");

    private static string TypeOf(CheckpointTensor tensor) => tensor.Encoding?.Name ?? tensor.Type.ManifestName();

    private static StoredForm FormOf(CheckpointTensor tensor) => StoredForm.Of(tensor.Encoding?.Groups);

    private static bool IsQuantized(List<CheckpointTensor> matrices) => matrices.Any(matrix => matrix.Encoding?.Groups is not null);

    private static int MostBits(List<CheckpointTensor> matrices) =>
        2 * matrices.Where(matrix => FormOf(matrix).Bits == 4).Sum(matrix => matrix.Count) > matrices.Sum(matrix => matrix.Count) ? 4 : 8;

    /// <summary>The matrices of the layers and the head.</summary>
    private static IEnumerable<CheckpointTensor> DecoderMatrices(Checkpoint checkpoint)
    {
        var head = checkpoint.Config.Language.TiedEmbeddings ? "model.embed_tokens.weight" : "lm_head.weight";
        return checkpoint.Tensors.Values.Where(tensor => tensor.Shape.Count == 2
            && (tensor.Name == head || tensor.Name.StartsWith("model.layers.", StringComparison.Ordinal)));
    }

    /// <summary>The matrices of the layers that are run, and the projector's.</summary>
    private static IEnumerable<CheckpointTensor> VisionMatrices(Checkpoint checkpoint)
    {
        const string Layers = "vision.encoder.layers.";
        bool IsUsed(string name) => int.TryParse(name.AsSpan(Layers.Length).ToString().Split('.')[0], out var layer)
            && layer < checkpoint.Config.Vision?.LayersUsed;
        return checkpoint.Tensors.Values.Where(tensor => tensor.Shape.Count == 2
            && (tensor.Name.StartsWith("model.mm_projector.", StringComparison.Ordinal)
                || (tensor.Name.StartsWith(Layers, StringComparison.Ordinal) && IsUsed(tensor.Name))));
    }
}
