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

    /// <summary>Whether a file has the name of one of several shards.</summary>
    public bool IsShard(string file) =>
        file.StartsWith($"{stem}-0", StringComparison.Ordinal) && file.EndsWith($".{extension}", StringComparison.Ordinal);

    public string? EntryFile(IReadOnlySet<string> names) => EntryFiles.FirstOrDefault(names.Contains);

    public CheckpointContents Read(CheckpointFolder folder, string entry, ICollection<CheckpointFile> files)
    {
        var (config, tower) = ConfigReader.Read(folder);
        var tensors = new Dictionary<string, CheckpointTensor>(StringComparer.Ordinal);
        ReadFolder(folder, entry, files, tensors, isTower: false);
        IncompleteModel.Refuse(folder, Path.Combine(folder.Path, entry), tensors.Keys);
        var towerSource = tower is null ? null : ReadTower(config, folder, tower, files, tensors);
        var tokenizer = folder.FindFile(CheckpointLayout.Tokenizer);
        if (tokenizer is not null)
        {
            PlaceholderFile.Refuse(tokenizer, "the tokenizer");
        }

        return new CheckpointContents(config, tokenizer, tensors)
        {
            TowerSource = towerSource,
            TowerSettings = tower?.Folder is { } found
                ? [.. CheckpointLayout.VisionTowerSmallFiles.Select(found.FindFile).OfType<string>()]
                : [],
        };
    }

    /// <summary>Lists the tensors of one file; their names are as stored.</summary>
    protected abstract IReadOnlyList<CheckpointTensor> ReadTensors(CheckpointFile file);

    private static bool HasVision(Dictionary<string, CheckpointTensor> tensors) =>
        tensors.Values.Any(tensor => TensorNames.IsVision(tensor.Name) && tensor.Type != ElementType.Other);

    /// <summary>Takes the tower's weights from where the published loader takes them. The two towers are never mixed.</summary>
    /// <returns>Where settings and weights of the tower are from, for people; null where all is from the checkpoint.</returns>
    private static string? ReadTower(
        ModelConfig config, CheckpointFolder checkpoint, VisionTower tower, ICollection<CheckpointFile> files, Dictionary<string, CheckpointTensor> tensors)
    {
        var isInside = HasVision(tensors);
        var source = tower.Folder is null ? null : $"sizes of {Path.GetFileName(tower.Folder.Path)}, weights of the checkpoint";
        if (tower.Folder is { } folder && !(isInside && config.Projector is { TakesTowerFromCheckpoint: true }))
        {
            source = ReadTowerFolder(folder, isInside, source!, files, tensors);
        }

        if (!HasVision(tensors))
        {
            throw new CheckpointException(
                tower.Folder?.Path ?? checkpoint.Path,
                $"neither the checkpoint nor the folder of its vision tower holds vision weights. {tower.Remedy}");
        }

        return tower.Folder is null && VisionTower.DifferenceFromPublished(tensors) is { } difference
            ? throw tower.Missing(Path.Combine(checkpoint.Path, CheckpointLayout.Config), difference)
            : source;
    }

    /// <summary>Reads the weights in the tower's folder, where there are any, in place of those in the checkpoint. They may be in another
    /// of these formats.</summary>
    private static string ReadTowerFolder(
        CheckpointFolder folder, bool isInside, string withoutWeights, ICollection<CheckpointFile> files, Dictionary<string, CheckpointTensor> tensors)
    {
        if (CheckpointFormats.Find(folder.FileNames()) is not var (format, entry) || format is not HuggingFaceFormat shared)
        {
            return withoutWeights;
        }

        var opened = new List<CheckpointFile>();
        var own = new Dictionary<string, CheckpointTensor>(StringComparer.Ordinal);
        var isUsed = false;
        try
        {
            shared.ReadFolder(folder, entry, opened, own, isTower: true);
            var isOther = isInside && TowerWeights.Differ(tensors, own);
            isUsed = HasVision(own) && !isOther;
            if (!isUsed)
            {
                return isOther ? $"{withoutWeights}, because those in the folder are of another tower than the model was trained with" : withoutWeights;
            }

            foreach (var name in tensors.Keys.Where(TensorNames.IsVision).ToList())
            {
                tensors.Remove(name);
            }

            foreach (var (name, tensor) in own)
            {
                if (!tensors.TryAdd(name, tensor))
                {
                    throw opened[0].Error($"holds tensor '{name}', but it was read before. Remove one of them.");
                }
            }

            return $"sizes and weights of {Path.GetFileName(folder.Path)}";
        }
        finally
        {
            foreach (var file in opened)
            {
                if (isUsed)
                {
                    files.Add(file);
                }
                else
                {
                    file.Dispose();
                }
            }
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
        PlaceholderFile.Refuse(file, "the weights");
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
