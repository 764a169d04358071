using MobileVlm.Edge.Inference.Import.Checkpoints.Config;
using MobileVlm.Edge.Inference.Import.Checkpoints.Formats.Gguf;
using MobileVlm.Edge.Inference.Import.Checkpoints.Formats.Safetensors;
using MobileVlm.Edge.Inference.Import.Checkpoints.Formats.Torch;

namespace MobileVlm.Edge.Inference.Import.Checkpoints.Formats;

/// <summary>The formats that can be imported. A closed set: this is the only list.</summary>
public static class CheckpointFormats
{
    /// <summary>All formats, in the order in which they are searched for, which is that of transformers; safetensors first, because it cannot carry
    /// code, and GGUF last, because it is mostly quantized.</summary>
    internal static IReadOnlyList<ICheckpointFormat> All { get; } = [new SafetensorsFormat(), new TorchFormat(), new GgufFormat()];

    /// <summary>The file from which the weights in a folder are found.</summary>
    /// <param name="names">Files of one folder, of a disk or of a repository.</param>
    /// <returns>The weights themselves or an index of shards; null where there are none.</returns>
    public static string? EntryFile(IReadOnlySet<string> names) => Find(names)?.Entry;

    /// <summary>Whether a file from <see cref="EntryFile"/> lists shards instead of holding weights.</summary>
    public static bool IsIndex(string entry) => entry.EndsWith(HuggingFaceFormat.IndexSuffix, StringComparison.Ordinal);

    /// <summary>Whether the configuration of a checkpoint is in the files of its weights.</summary>
    /// <exception cref="CheckpointException">There is no such folder.</exception>
    internal static bool HasConfigInside(CheckpointSource source) => source.Mmproj is not null || GgufFormat.IsFile(source.Path)
        || Find(CheckpointFolder.Open(source.Path).FileNames())?.Format is GgufFormat;

    internal static (ICheckpointFormat Format, string Entry)? Find(IReadOnlySet<string> names)
    {
        foreach (var format in All)
        {
            if (format.EntryFile(names) is { } entry)
            {
                return (format, entry);
            }
        }

        return null;
    }

    /// <summary>Reads a checkpoint in any of these formats.</summary>
    /// <param name="folder">The checkpoint.</param>
    /// <param name="files">Receives each opened file of weights; the caller disposes them.</param>
    /// <exception cref="CheckpointException">It cannot be read.</exception>
    internal static CheckpointContents Read(CheckpointFolder folder, ICollection<CheckpointFile> files)
    {
        var names = folder.FileNames();
        var found = Find(names);
        IncompleteModel.RefuseAdapter(folder, names, found?.Entry);
        if (found is var (format, entry))
        {
            return format.Read(folder, entry, files);
        }

        if (IncompleteModel.Explain(folder, names) is { } explained)
        {
            throw explained;
        }

        // A folder without a configuration is the wrong one, which is the more useful thing to report.
        _ = ConfigReader.Read(folder);
        throw new CheckpointException(
            folder.Path, $"holds no weights: none of {string.Join(", ", All.SelectMany(format => format.EntryFiles))} is there. Download them.");
    }
}
