using MobileVlm.Edge.Inference.Import.Checkpoints;
using MobileVlm.Edge.Inference.Machine;

namespace MobileVlm.Edge.Inference.Import.Synthesis;

/// <summary>Settings for writing a checkpoint of random numbers.</summary>
/// <param name="Seed">The same one gives the same bytes.</param>
/// <param name="ShardBytes">Most bytes of weights in one file; a single tensor may be larger. What fits into one file is
/// written as one, without an index.</param>
/// <param name="Format">Of the weights, one of <see cref="CheckpointSynthesizer.Formats"/>.</param>
/// <param name="Outliers">Whether a few channels of each norm are sixty times as large as the others.</param>
public sealed record SynthesisOptions(
    long Seed = 0, long ShardBytes = SynthesisOptions.DefaultShardBytes, string Format = SynthesisOptions.DefaultFormat, bool Outliers = false)
{
    /// <summary>Small enough that every full-size model comes in several files, as a reader must be able to take it.</summary>
    public const long DefaultShardBytes = 2_000_000_000;

    /// <summary>PyTorch's, as most of the models are published.</summary>
    public const string DefaultFormat = "bin";
}

/// <summary>Progress of making a checkpoint.</summary>
/// <param name="Tensor">What is being written.</param>
/// <param name="BytesDone">Bytes of tensors written so far.</param>
/// <param name="BytesTotal">Bytes of all tensors; the last report reaches it.</param>
public readonly record struct SynthesisProgress(string Tensor, long BytesDone, long BytesTotal);

/// <summary>Makes checkpoints of random numbers with the names, shapes and types of the published models: to measure an
/// import or a machine before anything is downloaded. What they answer means nothing.</summary>
public static class CheckpointSynthesizer
{
    /// <summary>Names that <see cref="Make"/> takes.</summary>
    public static IReadOnlyList<string> Models => PublishedModel.Names;

    /// <summary>Names of the formats that weights can be written in.</summary>
    public static IReadOnlyList<string> Formats { get; } = [.. ShardWriter.All.Select(writer => writer.Format.Name)];

    /// <summary>Makes a checkpoint. When it ends early, nothing is left under the final name.</summary>
    /// <param name="like">One of <see cref="Models"/>.</param>
    /// <param name="folder">A folder that does not exist yet or is empty.</param>
    /// <param name="options">How.</param>
    /// <param name="progress">Called for each few megabytes.</param>
    /// <param name="cancel">Stops between two of them.</param>
    /// <returns>Bytes of all tensors.</returns>
    /// <exception cref="ArgumentException">No such model or format; the message lists those there are.</exception>
    /// <exception cref="IOException">The folder is occupied, the disk has too little free space, or writing failed.</exception>
    public static long Make(
        string like,
        string folder,
        SynthesisOptions options,
        IProgress<SynthesisProgress>? progress = null,
        CancellationToken cancel = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.ShardBytes);
        var model = PublishedModel.Find(like);
        var writer = ShardWriter.For(options.Format);
        var tensors = SyntheticTensors.Of(model).ToList();
        var total = tensors.Sum(tensor => tensor.ByteCount);
        var target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        if (File.Exists(target) || (Directory.Exists(target) && Directory.EnumerateFileSystemEntries(target).Any()))
        {
            throw new IOException($"'{target}' exists and is not an empty folder. Name another one.");
        }

        DiskSpace.Require("Free some, or name a folder on another disk.", new DiskRequirement("the checkpoint", target, total));
        using var partial = StagingFolder.Create(target);
        var done = 0L;
        var values = new SyntheticValues(new NoiseBlock(options.Seed), options.Outliers, (tensor, bytes) =>
        {
            cancel.ThrowIfCancellationRequested();
            progress?.Report(new SynthesisProgress(tensor, done += bytes, total));
        });
        WriteWeights(partial.Path, Split(tensors, options.ShardBytes), writer, values);
        WriteRest(partial.Path, model, options.Seed);
        partial.Complete();
        return total;
    }

    /// <summary>Assigns tensors to shards in order, with a new shard when the next tensor would not fit, as transformers does.</summary>
    internal static List<List<SyntheticTensor>> Split(IEnumerable<SyntheticTensor> tensors, long shardBytes)
    {
        List<List<SyntheticTensor>> shards = [[]];
        var bytes = 0L;
        foreach (var tensor in tensors)
        {
            if (bytes + tensor.ByteCount > shardBytes && shards[^1].Count > 0)
            {
                shards.Add([]);
                bytes = 0;
            }

            shards[^1].Add(tensor);
            bytes += tensor.ByteCount;
        }

        return shards;
    }

    private static void WriteWeights(
        string folder, List<List<SyntheticTensor>> shards, ShardWriter writer, SyntheticValues values)
    {
        var files = new List<(string File, IReadOnlyList<SyntheticTensor> Tensors)>();
        foreach (var (i, shard) in shards.Index())
        {
            var file = shards.Count == 1 ? writer.Format.SingleFile : writer.Format.ShardFile(i + 1, shards.Count);
            using var stream = new FileStream(
                Path.Combine(folder, file), FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 1 << 20);
            writer.Write(stream, Path.GetFileNameWithoutExtension(file), shard, values);
            files.Add((file, shard));
        }

        if (files.Count > 1)
        {
            File.WriteAllBytes(Path.Combine(folder, writer.Format.IndexFile), SyntheticConfig.Index(files));
        }
    }

    private static void WriteRest(string folder, PublishedModel model, long seed)
    {
        File.WriteAllBytes(Path.Combine(folder, CheckpointLayout.Config), SyntheticConfig.Model(model, seed));
        File.WriteAllBytes(Path.Combine(folder, CheckpointLayout.Tokenizer), SyntheticTokenizer.Make(model.Language.VocabularySize));
        File.WriteAllBytes(Path.Combine(folder, CheckpointLayout.TokenizerConfig), SyntheticConfig.Tokenizer());
        if (model.Vision is { } vision && vision != ClipTower.Sizes)
        {
            var tower = Directory.CreateDirectory(Path.Combine(folder, CheckpointLayout.VisionTowerFolder)).FullName;
            File.WriteAllBytes(Path.Combine(tower, CheckpointLayout.Config), SyntheticConfig.Tower(vision));
        }
    }
}
