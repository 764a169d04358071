using MobileVlm.Edge.Inference.Evaluation;
using MobileVlm.Edge.Inference.Import.Calibration;
using MobileVlm.Edge.Inference.Import.Checkpoints;
using MobileVlm.Edge.Inference.Import.Precision;
using MobileVlm.Edge.Inference.Import.Quantization;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Text;
using MobileVlm.Edge.Inference.Verification;

namespace MobileVlm.Edge.Inference.Import;

/// <summary>Turns a published checkpoint into a model folder.</summary>
public static class ModelImporter
{
    /// <summary>Imports into a folder that does not exist yet or is empty, or already holds the very same import, which is
    /// then returned at once. When it ends early, nothing is left under the final name.</summary>
    /// <param name="source">A folder in Hugging Face's layout (config.json, weights, tokenizer.model) or with GGUF files, or a GGUF file.</param>
    /// <param name="modelFolder">The folder to make.</param>
    /// <param name="precision">The precision of each part.</param>
    /// <param name="progress">Called for each few megabytes read.</param>
    /// <param name="calibration">Pictures and questions that weights are quantized for, and others that the loss is measured on;
    /// null quantizes all weights alike and measures nothing. Measuring takes one layer of the checkpoint in float32
    /// at a time, on the disk and in memory, and then one layer of the finished model at a time.</param>
    /// <param name="cancel">Stops between two chunks.</param>
    /// <exception cref="ArgumentException">The precision is to be chosen, and nothing is there to measure it on.</exception>
    /// <exception cref="CheckpointException">The checkpoint cannot be read or is not a model of this family.</exception>
    /// <exception cref="ModelFolderException">The target is occupied, or the tokenizer is damaged.</exception>
    /// <exception cref="IOException">Reading or writing failed; the disk may be full.</exception>
    public static ModelFolder Import(
        CheckpointSource source,
        string modelFolder,
        PrecisionPlan precision,
        IProgress<ImportProgress>? progress = null,
        CalibrationSet? calibration = null,
        CancellationToken cancel = default) =>
        Import(source, modelFolder, precision, replace: false, progress, calibration, cancel);

    /// <summary>Same as <see cref="Import(CheckpointSource, string, PrecisionPlan, IProgress{ImportProgress}, CalibrationSet, CancellationToken)"/>,
    /// but imports again where the same import exists, and replaces the model folder that is there in one step at the
    /// end.</summary>
    public static ModelFolder Replace(
        CheckpointSource source,
        string modelFolder,
        PrecisionPlan precision,
        IProgress<ImportProgress>? progress = null,
        CalibrationSet? calibration = null,
        CancellationToken cancel = default) =>
        Import(source, modelFolder, precision, replace: true, progress, calibration, cancel);

    private static ModelFolder Import(
        CheckpointSource source,
        string modelFolder,
        PrecisionPlan precision,
        bool replace,
        IProgress<ImportProgress>? progress,
        CalibrationSet? calibration,
        CancellationToken cancel)
    {
        if (precision.NeedsMeasuring && calibration is null)
        {
            throw new ArgumentException("A precision can only be chosen by measuring, which takes calibration.", nameof(calibration));
        }

        using var checkpoint = Checkpoint.Open(source);
        precision = StoredPrecision.Resolve(precision, checkpoint);
        var tokenizerFile = checkpoint.TokenizerFile ?? (checkpoint.Tokenizer is null
            ? throw new CheckpointException(
                Path.Combine(source.Path, CheckpointLayout.Tokenizer),
                "is missing. It is published beside the weights; download it into the same folder.")
            : checkpoint.WeightFiles[0]);
        var tokenizer = checkpoint.Tokenizer ?? File.ReadAllBytes(tokenizerFile);
        var vocabulary = LlamaTextTokenizer.Read(tokenizer, tokenizerFile);
        CheckTokenizer(vocabulary, tokenizerFile, checkpoint.Config.Language.VocabularySize);
        var target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(modelFolder));
        var fingerprint = SourceFingerprint.Of(checkpoint, $"{precision.Names} {calibration?.Fingerprint ?? "unmeasured"}");
        if (ImportDestination.FindSameImport(target, fingerprint, replace) is { } there)
        {
            return there;
        }

        using var partial = StagingFolder.Create(target);
        Write(checkpoint, tokenizer, vocabulary, fingerprint, partial.Path, precision, new CheckpointWeights(checkpoint, progress, cancel), calibration, cancel);
        partial.Complete();
        return ModelFolder.Open(target);
    }

    private static void CheckTokenizer(LlamaTextTokenizer tokenizer, string file, int vocabulary)
    {
        var count = tokenizer.Count;
        if (count > vocabulary)
        {
            throw new CheckpointException(
                file, $"has {count} pieces, the model's vocabulary {vocabulary}. They are not of the same model; download both again.");
        }
    }

    private static void Write(
        Checkpoint checkpoint,
        byte[] tokenizer,
        LlamaTextTokenizer vocabulary,
        string fingerprint,
        string folder,
        PrecisionPlan plan,
        CheckpointWeights weights,
        CalibrationSet? calibration,
        CancellationToken cancel)
    {
        var writer = new ModelFolderWriter(checkpoint, tokenizer, fingerprint, folder);
        var compensates = calibration is not null && plan.CanCompensate;
        var covariances = compensates ? new CovarianceStore(Path.Combine(folder, "covariances")) : null;
        var importance = new ImportanceMatrix(covariances);
        var imported = new ImportGraphBuilder(checkpoint, weights, plan, importance);

        // All graphs are built before a byte is read, so that what a checkpoint lacks is reported at once.
        var exact = calibration is null || plan.IsExact
            ? null
            : new ReferencePass(checkpoint, weights, calibration, vocabulary, Path.Combine(folder, "exact"), importance);
        var graphs = imported.Build(ModelRecipe.First(plan, checkpoint.Config.Vision is not null));
        var language = checkpoint.Config.Language;
        var embeddings = checkpoint.Get("model.embed_tokens.weight", language.VocabularySize, language.HiddenSize);
        var writeEmbeddings = weights.Raw(embeddings);
        var outputs = exact?.Run();

        // The float32 pass has left large arrays and native memory behind, and quantizing needs as much again.
        ImportMemory.Release();
        if (outputs is { Prompts.Positions: 0 })
        {
            outputs = plan.NeedsMeasuring
                ? throw new CheckpointException(
                    checkpoint.Folder, $"has a context of {language.MaxPositions} tokens, into which no question about a picture fits: its loss cannot be measured. Name a precision instead of '{PrecisionPlan.Auto}'.")
                : null;
        }

        foreach (var (file, graph) in graphs)
        {
            writer.WriteGraph(file, graph);
        }

        writer.WriteFile(ModelFolder.EmbeddingsFile, writeEmbeddings);
        writer.WriteTokenizer();
        var test = SelfTestMaterial.Prompt(vocabulary, writer.VisualTokenCount, language.MaxPositions);
        var stored = new StoredModel(checkpoint, imported, folder, writer, cancel);
        var outcome = new PrecisionTrial(checkpoint, writer, imported, stored, plan).Run(outputs, test);
        covariances?.Clear();
        var precision = PrecisionSummary.Of(
            outcome.Recipe, embeddings.Type, plan.ForCuda, !importance.IsEmpty, imported.ScalesOf(outcome.Recipe.Decoder), outcome.Reasons,
            StoredPrecision.Describe(outcome.Recipe, checkpoint));
        writer.WriteManifest(precision, outcome.Loss, outcome.SelfTest);
    }
}
