using MobileVlm.Edge.Inference.Evaluation;
using MobileVlm.Edge.Inference.Import.Calibration;
using MobileVlm.Edge.Inference.Import.Checkpoints;
using MobileVlm.Edge.Inference.Import.Precision;
using MobileVlm.Edge.Inference.Import.Quantization;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Text;
using MobileVlm.Edge.Inference.Verification;

namespace MobileVlm.Edge.Inference.Import;

/// <summary>Published checkpoint in, model folder out.</summary>
public static class ModelImporter
{
    /// <summary>Imports into a folder that does not exist yet or is empty, or already holds the very same import, which is
    /// then returned at once. Whatever ends it early leaves nothing under the final name.</summary>
    /// <param name="sourceFolder">Hugging Face layout: config.json, weights, tokenizer.model.</param>
    /// <param name="modelFolder">The folder to make.</param>
    /// <param name="precision">Of each part.</param>
    /// <param name="progress">Called for each few megabytes read.</param>
    /// <param name="calibration">Pictures and questions for which weights are rounded and on which the loss is measured;
    /// null rounds for nothing in particular and measures nothing. Measuring takes one layer of the checkpoint in float32
    /// at a time, on the disk and in memory, and then one layer of the finished model at a time.</param>
    /// <param name="cancel">Stops between two chunks.</param>
    /// <exception cref="ArgumentException">The precision is to be chosen, and nothing is there to measure it on.</exception>
    /// <exception cref="CheckpointException">The checkpoint cannot be read or is not a model of this family.</exception>
    /// <exception cref="ModelFolderException">The target is occupied, or the tokenizer is damaged.</exception>
    /// <exception cref="IOException">Reading or writing failed; the disk may be full.</exception>
    public static ModelFolder Import(
        string sourceFolder,
        string modelFolder,
        PrecisionPlan precision,
        IProgress<ImportProgress>? progress = null,
        CalibrationSet? calibration = null,
        CancellationToken cancel = default) =>
        Import(sourceFolder, modelFolder, precision, replace: false, progress, calibration, cancel);

    /// <summary>As <see cref="Import(string, string, PrecisionPlan, IProgress{ImportProgress}, CalibrationSet, CancellationToken)"/>,
    /// but does the work even when it was done, and takes the place of the model folder that is there in one step at the
    /// end.</summary>
    public static ModelFolder Replace(
        string sourceFolder,
        string modelFolder,
        PrecisionPlan precision,
        IProgress<ImportProgress>? progress = null,
        CalibrationSet? calibration = null,
        CancellationToken cancel = default) =>
        Import(sourceFolder, modelFolder, precision, replace: true, progress, calibration, cancel);

    private static ModelFolder Import(
        string sourceFolder,
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

        using var checkpoint = Checkpoint.Open(sourceFolder);
        var tokenizer = checkpoint.TokenizerFile ?? throw new CheckpointException(
            Path.Combine(sourceFolder, "tokenizer.model"),
            "is missing. It is published beside the weights; download it into the same folder.");
        CheckTokenizer(tokenizer, checkpoint.Config.Language.VocabularySize);
        var target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(modelFolder));
        var fingerprint = SourceFingerprint.Of(checkpoint, $"{precision.Names} {calibration?.Fingerprint ?? "unmeasured"}");
        if (ImportTarget.Check(target, fingerprint, replace) is { } there)
        {
            return there;
        }

        using var partial = StagingFolder.Create(target);
        Write(checkpoint, tokenizer, fingerprint, partial.Path, precision, new WeightSource(checkpoint, progress, cancel), calibration, cancel);
        partial.Complete();
        return ModelFolder.Open(target);
    }

    private static void CheckTokenizer(string file, int vocabulary)
    {
        var count = LlamaTextTokenizer.Open(file).Count;
        if (count > vocabulary)
        {
            throw new CheckpointException(
                file, $"has {count} pieces, the model's vocabulary {vocabulary}. They are not of the same model; download both again.");
        }
    }

    private static void Write(
        Checkpoint checkpoint,
        string tokenizer,
        string fingerprint,
        string folder,
        PrecisionPlan plan,
        WeightSource source,
        CalibrationSet? calibration,
        CancellationToken cancel)
    {
        var writer = new ModelFolderWriter(checkpoint, tokenizer, fingerprint, folder);
        var parts = new ImportedGraphs(checkpoint, plan, source);

        // All graphs are built before a byte is read, so that what a checkpoint lacks is said at once.
        var vocabulary = LlamaTextTokenizer.Open(tokenizer);
        var exact = calibration is null || plan.IsExact
            ? null
            : new ReferencePass(checkpoint, source, calibration, vocabulary, Path.Combine(folder, "exact"), parts.Moments);
        var graphs = parts.Build();
        var language = checkpoint.Config.Language;
        var writeEmbeddings = source.Raw(
            checkpoint.Get("model.embed_tokens.weight", language.VocabularySize, language.HiddenSize));
        var outputs = exact?.Run();
        foreach (var (file, graph) in graphs)
        {
            writer.WriteGraph(file, graph);
        }

        writer.WriteFile(ModelFolder.EmbeddingsFile, writeEmbeddings);
        writer.WriteTokenizer();
        var test = SelfTestMaterial.Prompt(vocabulary, writer.VisualTokens, language.MaxPositions);
        var trial = new PrecisionTrial(checkpoint, writer, parts, new StoredModel(checkpoint, parts, folder, writer, cancel));
        var (loss, selfTest) = trial.Run(outputs, test);
        writer.WriteManifest(parts.Describe(), loss, selfTest);
    }
}
