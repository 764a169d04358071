using System.Globalization;
using MobileVlm.Edge.Inference.Import.Checkpoints.Config;
using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Inference.Import.Checkpoints.Formats;

/// <summary>The format that Hugging Face's transformers writes: config.json, weights in one file or in shards with an index,
/// tokenizer.model, and perhaps a folder with a vision tower of the same kind.</summary>
/// <param name="name">As it is named on the command line.</param>
/// <param name="stem">The weights' file name without its extension.</param>
/// <param name="extension">Of files of weights, without a dot.</param>
internal abstract class HuggingFaceFormat(string name, string stem, string extension) : ICheckpointFormat
{
    /// <summary>Follows the name of the single file in the name of an index of shards.</summary>
    public const string IndexSuffix = ".index.json";

    public string Name => name;

    /// <summary>The weights, where they are in one file.</summary>
    public string SingleFile => $"{stem}.{extension}";

    /// <summary>The list of tensors and shards, where they are in several.</summary>
    public string IndexFile => SingleFile + IndexSuffix;

    public IReadOnlyList<string> EntryFiles => [SingleFile, IndexFile];

    /// <summary>Name of one of several shards.</summary>
    /// <param name="number">From 1.</param>
    /// <param name="count">How many there are.</param>
    public string ShardFile(int number, int count) =>
        string.Create(CultureInfo.InvariantCulture, $"{stem}-{number:00000}-of-{count:00000}.{extension}");

    public string? EntryFile(IReadOnlySet<string> names) => EntryFiles.FirstOrDefault(names.Contains);

    public CheckpointContents Read(CheckpointFolder folder, string entry, ICollection<CheckpointFile> files)
    {
        var (config, tower) = ConfigReader.Read(folder);
        var tensors = new Dictionary<string, CheckpointTensor>(StringComparer.Ordinal);
        ReadFolder(folder, entry, files, tensors, isTower: false);

        // A fine-tuned tower is saved inside the checkpoint; never mix it with the one that it started from.
        if (tower is not null && !HasVision(tensors))
        {
            ReadTower(tower, files, tensors);
            if (!HasVision(tensors))
            {
                throw new CheckpointException(
                    tower.Folder?.Path ?? folder.Path,
                    $"neither the checkpoint nor the folder of its vision tower holds vision weights. {tower.Remedy}");
            }
        }

        return new CheckpointContents(config, folder.FindFile(CheckpointLayout.Tokenizer), tensors);
    }

    /// <summary>Lists the tensors of one file; their names are as stored.</summary>
    protected abstract IReadOnlyList<CheckpointTensor> ReadTensors(CheckpointFile file);

    private static bool HasVision(Dictionary<string, CheckpointTensor> tensors) =>
        tensors.Values.Any(tensor => TensorNames.IsVision(tensor.Name) && tensor.Type != ElementType.Other);

    /// <summary>The tower may be in another of these formats than the checkpoint.</summary>
    private static void ReadTower(VisionTower tower, ICollection<CheckpointFile> files, Dictionary<string, CheckpointTensor> tensors)
    {
        if (tower.Folder is { } folder && CheckpointFormats.Find(folder.FileNames()) is var (format, entry)
            && format is HuggingFaceFormat shared)
        {
            shared.ReadFolder(folder, entry, files, tensors, isTower: true);
        }
    }

    private void ReadFolder(
        CheckpointFolder folder, string entry, ICollection<CheckpointFile> files, Dictionary<string, CheckpointTensor> tensors, bool isTower)
    {
        var path = folder.FindFile(entry)
            ?? throw new CheckpointException(folder.Path, $"'{entry}' is not there any more. Download it again.");
        if (CheckpointFormats.IsIndex(entry))
        {
            ReadShards(folder, path, files, tensors, isTower);
        }
        else
        {
            ReadFile(path, files, tensors, isTower);
        }
    }

    private void ReadShards(
        CheckpointFolder folder, string index, ICollection<CheckpointFile> files, Dictionary<string, CheckpointTensor> tensors, bool isTower)
    {
        foreach (var shard in ShardIndex.Read(index).GroupBy(entry => entry.Value, StringComparer.Ordinal))
        {
            var path = folder.FindFile(shard.Key)
                ?? throw new CheckpointException(
                    index, $"names the shard '{shard.Key}', which is not there. Download it into {folder.Path}.");
            var found = ReadFile(path, files, tensors, isTower);
            foreach (var (tensor, _) in shard)
            {
                if (!found.Contains(tensor))
                {
                    throw new CheckpointException(
                        path,
                        $"does not hold tensor '{tensor}', which {Path.GetFileName(index)} lists there. "
                        + "Download the index and all shards again.");
                }
            }
        }
    }

    /// <returns>The names as stored.</returns>
    private HashSet<string> ReadFile(
        string path, ICollection<CheckpointFile> files, Dictionary<string, CheckpointTensor> tensors, bool isTower)
    {
        var file = CheckpointFile.Open(path);
        files.Add(file);
        PlaceholderFile.Refuse(file);
        var stored = ReadTensors(file);
        foreach (var tensor in stored)
        {
            var normalised = TensorNames.Normalise(tensor.Name, isTower);
            if (!tensors.TryAdd(normalised, tensor with { Name = normalised }))
            {
                throw file.Error($"holds tensor '{tensor.Name}', but '{normalised}' was read before. Remove one of them.");
            }
        }

        return stored.Select(tensor => tensor.Name).ToHashSet(StringComparer.Ordinal);
    }
}
