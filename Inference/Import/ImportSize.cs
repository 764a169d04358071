using System.Text.Json;
using MobileVlm.Edge.Inference.Import.Checkpoints;
using MobileVlm.Edge.Inference.Import.Checkpoints.Config;
using MobileVlm.Edge.Inference.Import.Checkpoints.Formats;
using MobileVlm.Edge.Inference.Import.Graphs;
using MobileVlm.Edge.Inference.Import.Precision;
using MobileVlm.Edge.Inference.Import.Quantization;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Onnx;

namespace MobileVlm.Edge.Inference.Import;

/// <summary>An upper bound of the disk space that an imported model needs: the sizes of the very graphs that an import writes, in the
/// largest recipe that it may choose.</summary>
public static class ImportSize
{
    /// <summary>Bytes for the graphs without their weights, the manifest, the tokenizer, and what the loss is measured against.</summary>
    internal const long SmallFiles = 8L << 20;

    /// <summary>The size for a checkpoint of which only config.json is available.</summary>
    /// <param name="config">config.json, an object.</param>
    /// <param name="bytes">Size of everything that is imported.</param>
    /// <param name="plan">The precision of the import.</param>
    /// <param name="calibrated">Whether the import measures: it then has files beside the model until it ends.</param>
    /// <returns>Bytes. Where config.json does not contain the sizes of a part, four bytes for each of its weights.</returns>
    public static long Estimate(JsonElement config, long bytes, PrecisionPlan plan, bool calibrated = false)
    {
        var fields = new ConfigFields(CheckpointLayout.Config, config);
        var stored = BytesPerStoredWeight(config);
        try
        {
            var language = ConfigReader.ReadLanguage(fields);
            var decoder = Language(language, stored, plan);
            var rest = Math.Max(0, bytes - StoredBytes(language, stored)) / stored * sizeof(float);
            return decoder + SmallFiles + (calibrated ? Covariances(language, plan) : 0) + Math.Min(rest, KnownVision(fields, language, plan) ?? rest);
        }
        catch (CheckpointException)
        {
            // The importer will refuse it and report why.
            return bytes / stored * sizeof(float);
        }
    }

    /// <summary>The size for a checkpoint of which only the number of weights is known.</summary>
    /// <param name="weights">Number of all weights.</param>
    /// <param name="plan">The precision of the import.</param>
    /// <returns>Bytes.</returns>
    public static long Estimate(long weights, PrecisionPlan plan)
    {
        // 8 bits in blocks of 32 with scales and offsets take 10.3, and embeddings in float32 a tenth of all weights or so.
        const double QuantizedBytes = 1.7;
        var isQuantized = plan.DecoderRecipes.All(recipe => recipe.Body.Bits > 0) && plan.VisionRecipes.All(recipe => recipe.Tower.Bits > 0);
        return SmallFiles + (long)(weights * ((isQuantized ? QuantizedBytes : sizeof(float)) + (plan.Prefill is null ? 0 : 1.1)));
    }

    /// <summary>The size for a checkpoint on the disk.</summary>
    /// <param name="checkpoint">Its folder or file.</param>
    /// <param name="plan">The precision of the import.</param>
    /// <param name="calibrated">Whether the import measures: it then has files beside the model until it ends.</param>
    /// <returns>Bytes; 0 where the configuration cannot be read, which the importer will explain.</returns>
    public static long Estimate(CheckpointSource checkpoint, PrecisionPlan plan, bool calibrated = false)
    {
        try
        {
            if (CheckpointFormats.HasConfigInside(checkpoint))
            {
                return EstimateOpened(checkpoint, plan, calibrated);
            }

            var folder = CheckpointFolder.Open(checkpoint.Path, checkpoint.VisionTower);
            var (config, _) = ConfigReader.Read(folder);
            var stored = folder.FindFile(CheckpointLayout.Config) is { } file ? BytesPerStoredWeight(JsonFile.Read(file)) : sizeof(float);
            return Estimate(config, stored, plan) + (calibrated ? Covariances(config.Language, plan) : 0);
        }
        catch (CheckpointException)
        {
            return 0;
        }
    }

    /// <summary>The size for a checkpoint whose files have everything in them.</summary>
    private static long EstimateOpened(CheckpointSource source, PrecisionPlan plan, bool calibrated)
    {
        using var checkpoint = Checkpoint.Open(source);
        plan = StoredPrecision.Resolve(plan, checkpoint);
        var language = checkpoint.Config.Language;
        var embeddings = checkpoint.Get("model.embed_tokens.weight");
        var weights = new CheckpointWeights(checkpoint, progress: null, CancellationToken.None);
        return Language(language, embeddings.Type.Size(), plan, weights) + SmallFiles
            + (checkpoint.Config.Vision is null ? 0 : Vision(checkpoint.Config, plan, weights))
            + (calibrated ? Covariances(language, plan) : 0);
    }

    /// <param name="config">Sizes of all parts.</param>
    /// <param name="embeddingBytes">Bytes of one element of the embedding table, which keeps the checkpoint's type.</param>
    /// <param name="plan">The precision of the import.</param>
    internal static long Estimate(ModelConfig config, int embeddingBytes, PrecisionPlan plan) =>
        Language(config.Language, embeddingBytes, plan) + SmallFiles + (config.Vision is null ? 0 : Vision(config, plan));

    private static long Language(LanguageConfig language, int embeddingBytes, PrecisionPlan plan, IWeightSource? weights = null)
    {
        var importance = new ImportanceMatrix();
        long Decoder(DecoderWriters writers) => Size(plan, graph => new DecoderGraphWriter(language, writers).Write(graph, weights ?? new SizeOnlyWeights()));
        return plan.DecoderRecipes.Max(recipe => Decoder(DecoderWriters.Create(recipe, importance)))
            + (plan.Prefill is { } prefill ? Decoder(DecoderWriters.ForPrefill(prefill, importance)) : 0)
            + (embeddingBytes * EmbeddingElementCount(language));
    }

    /// <summary>The covariances of every layer's inputs, by which an import compensates errors.</summary>
    private static long Covariances(LanguageConfig language, PrecisionPlan plan)
    {
        long hidden = language.HiddenSize;
        long[] inputs = [hidden, hidden, language.Heads * (long)language.HeadSize, language.IntermediateSize];
        return plan.CanCompensate ? language.Layers * inputs.Sum(InputCovariance.SavedBytes) : 0;
    }

    private static long Vision(ModelConfig config, PrecisionPlan plan, IWeightSource? weights = null) => plan.VisionRecipes.Max(recipe => Size(
        plan,
        graph => VisionGraphWriter.Of(config, VisionWriters.Create(recipe, new ImportanceMatrix())).Write(graph, weights ?? new SizeOnlyWeights())));

    private static long Size(PrecisionPlan plan, Action<OnnxGraph> write)
    {
        var graph = new OnnxGraph("size", plan.ForCuda ? OnnxType.Float16 : OnnxType.Float32);
        write(graph);
        return graph.ExternalBytes();
    }

    /// <summary>Null where the tower's sizes are in another file.</summary>
    private static long? KnownVision(ConfigFields fields, LanguageConfig language, PrecisionPlan plan)
    {
        var type = ProjectorType.Find(fields.Text(ConfigReader.ProjectorKey));
        if (type is null || fields.Text(CheckpointLayout.VisionTowerKey) is not { } tower || !ClipTower.IsNamedBy(tower))
        {
            return null;
        }

        // All layers: which of them are used is not worth refusing the configuration for.
        return Vision(new ModelConfig("", "", language, ClipTower.Sizes with { SelectLayer = -1 }, type, null), plan);
    }

    /// <summary>Lower bound of the bytes of a checkpoint's decoder and embeddings, so that what remains of the total is an upper bound
    /// for the rest.</summary>
    private static long StoredBytes(LanguageConfig language, int stored)
    {
        var graph = new OnnxGraph("size");
        new DecoderGraphWriter(language, DecoderWriters.Create(DecoderRecipe.Fp32, new ImportanceMatrix())).Write(graph, new SizeOnlyWeights());

        // Rotary tables are computed, and tied embeddings are stored once.
        var rotary = (long)language.MaxPositions * language.HeadSize;
        var weights = (graph.WeightBytes / sizeof(float)) - rotary + (language.TiedEmbeddings ? 0 : EmbeddingElementCount(language));
        return weights * stored;
    }

    private static long EmbeddingElementCount(LanguageConfig language) => (long)language.VocabularySize * language.HiddenSize;

    private static int BytesPerStoredWeight(JsonElement config) =>
        (config.TryGetProperty("torch_dtype", out var type) || config.TryGetProperty("dtype", out type))
        && type.ValueKind == JsonValueKind.String
        && type.GetString() is "float16" or "bfloat16" ? sizeof(ushort) : sizeof(float);
}
