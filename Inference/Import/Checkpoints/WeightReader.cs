using MobileVlm.Edge.Inference.Import.Checkpoints.Formats.Safetensors;
using MobileVlm.Edge.Inference.Import.Checkpoints.Formats.Torch;
using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Inference.Import.Checkpoints;

/// <summary>Finds the files of weights and where each tensor lies in them.</summary>
internal static class WeightReader
{
    // In the order in which transformers looks for them; safetensors first, since it cannot carry code.
    private static readonly string[] Layouts =
    [
        "model.safetensors",
        "model.safetensors.index.json",
        "pytorch_model.bin",
        "pytorch_model.bin.index.json",
    ];

    /// <summary>Opens every file of weights into <paramref name="files"/>, which the caller disposes.</summary>
    public static Dictionary<string, CheckpointTensor> ReadAll(
        CheckpointFolder folder, VisionTower? tower, List<WeightFile> files)
    {
        var tensors = new Dictionary<string, CheckpointTensor>(StringComparer.Ordinal);
        if (!ReadFolder(folder, files, tensors, isTower: false))
        {
            throw new CheckpointException(
                folder.Path, $"holds no weights: none of {string.Join(", ", Layouts)} is there. Download them.");
        }

        // A fine-tuned tower is saved inside the checkpoint; never mix it with the one that it started from.
        if (tower is not null && !HasVision(tensors))
        {
            if (tower.Folder is not null)
            {
                ReadFolder(tower.Folder, files, tensors, isTower: true);
            }

            if (!HasVision(tensors))
            {
                throw new CheckpointException(
                    tower.Folder?.Path ?? folder.Path,
                    $"neither the checkpoint nor the folder of its vision tower holds vision weights. {tower.Remedy}");
            }
        }

        return tensors;
    }

    private static bool HasVision(Dictionary<string, CheckpointTensor> tensors) =>
        tensors.Values.Any(tensor => TensorNames.IsVision(tensor.Name) && tensor.Type != ElementType.Other);

    private static bool ReadFolder(
        CheckpointFolder folder, List<WeightFile> files, Dictionary<string, CheckpointTensor> tensors, bool isTower)
    {
        var layout = Layouts.FirstOrDefault(name => folder.FindFile(name) is not null);
        if (layout is null)
        {
            return false;
        }

        if (layout.EndsWith(".index.json", StringComparison.Ordinal))
        {
            ReadShards(folder, layout, files, tensors, isTower);
        }
        else
        {
            ReadFile(folder.FindFile(layout)!, files, tensors, isTower);
        }

        return true;
    }

    private static void ReadShards(
        CheckpointFolder folder,
        string indexName,
        List<WeightFile> files,
        Dictionary<string, CheckpointTensor> tensors,
        bool isTower)
    {
        var index = folder.FindFile(indexName)!;
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
                        $"does not hold tensor '{tensor}', which {indexName} says is in it. "
                        + "Download the index and all shards again.");
                }
            }
        }
    }

    /// <returns>The names as stored.</returns>
    private static HashSet<string> ReadFile(
        string path, List<WeightFile> files, Dictionary<string, CheckpointTensor> tensors, bool isTower)
    {
        var file = WeightFile.Open(path);
        files.Add(file);
        WeightFileKind.RefuseStandIns(file);
        var stored = path.EndsWith(".safetensors", StringComparison.Ordinal)
            ? SafetensorsReader.Read(file)
            : TorchArchive.Read(file);
        foreach (var tensor in stored)
        {
            var name = TensorNames.Normalise(tensor.Name, isTower);
            if (!tensors.TryAdd(name, tensor with { Name = name }))
            {
                throw file.Fault($"holds tensor '{tensor.Name}', but '{name}' was read before. Remove one of them.");
            }
        }

        return stored.Select(tensor => tensor.Name).ToHashSet(StringComparer.Ordinal);
    }
}
