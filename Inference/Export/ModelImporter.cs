using System.Reflection;
using System.Text.Json;
using MobileVlm.Edge.Inference.Checkpoints;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Text;

namespace MobileVlm.Edge.Inference.Export;

/// <summary>Precision of the decoder's weights.</summary>
public enum DecoderPrecision
{
    /// <summary>As exact as the checkpoint; four bytes a weight.</summary>
    Fp32,

    /// <summary>4 bit in blocks of 32 with one scale each, the head at 8 bit: about 0.63 bytes a weight.</summary>
    Int4,
}

/// <summary>Published checkpoint in, model folder out.</summary>
public static class ModelImporter
{
    private const int BlockSize = 32;

    /// <summary>Imports into a folder that does not exist yet or is empty, or already holds the very same import, which is
    /// then returned at once. Whatever ends it early leaves nothing under the final name.</summary>
    /// <param name="sourceFolder">Hugging Face layout: config.json, weights, tokenizer.model.</param>
    /// <param name="modelFolder">The folder to make.</param>
    /// <param name="precision">Of the decoder; vision and projector stay float32.</param>
    /// <param name="progress">Called for each few megabytes read.</param>
    /// <param name="cancel">Stops between two chunks.</param>
    /// <exception cref="CheckpointException">The checkpoint cannot be read or is not a model of this family.</exception>
    /// <exception cref="ModelFolderException">The target is occupied, or the tokenizer is damaged.</exception>
    /// <exception cref="IOException">Reading or writing failed; the disk may be full.</exception>
    public static ModelFolder Import(
        string sourceFolder,
        string modelFolder,
        DecoderPrecision precision,
        IProgress<ImportProgress>? progress = null,
        CancellationToken cancel = default) =>
        Import(sourceFolder, modelFolder, precision, replace: false, progress, cancel);

    /// <summary>As <see cref="Import(string, string, DecoderPrecision, IProgress{ImportProgress}, CancellationToken)"/>, but
    /// does the work even when it was done, and takes the place of the model folder that is there in one step at the end.</summary>
    public static ModelFolder Replace(
        string sourceFolder,
        string modelFolder,
        DecoderPrecision precision,
        IProgress<ImportProgress>? progress = null,
        CancellationToken cancel = default) =>
        Import(sourceFolder, modelFolder, precision, replace: true, progress, cancel);

    private static ModelFolder Import(
        string sourceFolder,
        string modelFolder,
        DecoderPrecision precision,
        bool replace,
        IProgress<ImportProgress>? progress,
        CancellationToken cancel)
    {
        using var checkpoint = Checkpoint.Open(sourceFolder);
        var tokenizer = checkpoint.TokenizerFile ?? throw new CheckpointException(
            Path.Combine(sourceFolder, "tokenizer.model"),
            "is missing. It is published beside the weights; download it into the same folder.");
        CheckTokenizer(tokenizer, checkpoint.Config.Language.VocabularySize);
        var target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(modelFolder));
        var fingerprint = SourceFingerprint.Of(checkpoint, precision.ToString());
        if (ImportTarget.Check(target, fingerprint, replace) is { } there)
        {
            return there;
        }

        using var partial = PartialFolder.Create(target);
        Write(checkpoint, tokenizer, fingerprint, partial.Path, precision, progress, cancel);
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
        DecoderPrecision precision,
        IProgress<ImportProgress>? progress,
        CancellationToken cancel)
    {
        var config = checkpoint.Config;
        var source = new WeightSource(checkpoint, progress, cancel);
        var exact = new Float32LinearWriter();
        LinearWriter body = precision == DecoderPrecision.Int4 ? new BlockLinearWriter(new BlockQuantizer(4, BlockSize)) : exact;
        LinearWriter head = precision == DecoderPrecision.Int4 ? new BlockLinearWriter(new BlockQuantizer(8, BlockSize)) : exact;

        // All graphs are built before a byte is read, so that what a checkpoint lacks is said at once.
        var graphs = new List<(string File, OnnxGraph Graph)>();
        if (config is { Vision: { } vision, Projector: { } projector })
        {
            graphs.Add((ModelFolder.VisionFile, new OnnxGraph("vision")));
            new VisionGraph(vision, projector, config.Language.HiddenSize, exact).Write(graphs[^1].Graph, source);
        }

        graphs.Add((ModelFolder.DecoderFile, new OnnxGraph("decoder")));
        new DecoderGraph(config.Language, body, head).Write(graphs[^1].Graph, source);
        var embeddings = checkpoint.Get(
            "model.embed_tokens.weight", config.Language.VocabularySize, config.Language.HiddenSize);
        var writeEmbeddings = source.Raw(embeddings);

        var files = new List<ModelFile>();
        var signatures = new Dictionary<string, GraphSignature>();
        foreach (var (file, graph) in graphs)
        {
            WriteGraph(folder, file, files, graph);
            signatures[file] = SessionFactory.Describe(Path.Combine(folder, file));
        }

        files.Add(WriteFile(folder, ModelFolder.EmbeddingsFile, writeEmbeddings));
        files.Add(WriteFile(folder, ModelFolder.TokenizerFile, stream =>
        {
            using var input = File.OpenRead(tokenizer);
            input.CopyTo(stream);
        }));

        // Last, so that a folder with a manifest is a whole one.
        WriteManifest(folder, checkpoint, fingerprint, precision, embeddings.Type, signatures, files);
    }

    private static void WriteGraph(string folder, string file, List<ModelFile> files, OnnxGraph graph)
    {
        using var data = new ExternalDataFile(Path.Combine(folder, $"{file}.data"));
        graph.WriteWeights(data);
        var (size, sha256) = data.Finish();
        files.Add(new ModelFile(data.FileName, size, sha256));
        files.Add(WriteFile(folder, file, graph.Save));
    }

    private static ModelFile WriteFile(string folder, string file, Action<Stream> write)
    {
        using var stream = new HashingStream(new FileStream(Path.Combine(folder, file), FileMode.CreateNew));
        write(stream);
        var (size, sha256) = stream.Finish();
        return new ModelFile(file, size, sha256);
    }

    private static void WriteManifest(
        string folder,
        Checkpoint checkpoint,
        string fingerprint,
        DecoderPrecision precision,
        ElementType embedding,
        Dictionary<string, GraphSignature> signatures,
        List<ModelFile> files)
    {
        var config = checkpoint.Config;
        var quantized = precision == DecoderPrecision.Int4;
        var manifest = new ModelManifest
        {
            FormatVersion = ModelManifest.CurrentFormat,
            Name = config.Name,
            CreatedBy = $"mobilevlm {typeof(ModelImporter).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion}",
            Source = new ModelSource(config.Name, config.Architecture, [.. checkpoint.WeightFiles.Select(f => Path.GetFileName(f))], fingerprint),
            Language = config.Language,
            Vision = config.Vision,
            Projector = config.Projector,
            VisualTokens = config is { Vision: { } vision, Projector: { } projector } ? ProjectorGraph.TokenCount(projector, vision) : 0,
            Precision = new ModelPrecision(
                config.Vision is null ? null : "fp32",
                quantized ? $"int4-b{BlockSize}" : "fp32",
                quantized ? $"int8-b{BlockSize}" : "fp32",
                embedding switch
                {
                    ElementType.Float16 => "fp16",
                    ElementType.BFloat16 => "bf16",
                    _ => "fp32",
                }),
            Signatures = signatures,
            Files = files,
            License = config.License,
        };
        using var stream = new FileStream(Path.Combine(folder, ModelManifest.FileName), FileMode.CreateNew);
        JsonSerializer.Serialize(stream, manifest, ManifestJson.Default.ModelManifest);
        stream.Flush(flushToDisk: true);
    }
}
