using MobileVlm.Edge.Inference.Import.Checkpoints.Formats;
using MobileVlm.Edge.Inference.Import.Checkpoints.Formats.Gguf;
using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Inference.Import.Checkpoints;

/// <summary>A published model, in any of <see cref="CheckpointFormats"/>: configuration, weights, the vision tower's folder,
/// the tokenizer. Nothing in it is executed and no weights are kept in memory; files stay open until it is disposed.
/// Thread-safe, except that it must not be disposed while it is read.</summary>
public sealed partial class Checkpoint : IDisposable
{
    private readonly List<CheckpointFile> _files;

    private Checkpoint(string folder, CheckpointContents contents, List<CheckpointFile> files)
    {
        Folder = folder;
        Config = contents.Config;
        TokenizerFile = contents.TokenizerFile;
        Tokenizer = contents.Tokenizer;
        Notes = contents.Notes;
        Tensors = contents.Tensors;
        TowerSettings = contents.TowerSettings;
        TowerSource = contents.TowerSource;
        _files = files;
        WeightFiles = [.. files.Select(file => file.Path)];
    }

    /// <summary>Full path.</summary>
    public string Folder { get; }

    /// <summary>Checked: a checkpoint that this reader does not support cannot be opened.</summary>
    public ModelConfig Config { get; }

    /// <summary>Full path of the SentencePiece model tokenizer.model; null when there is none.</summary>
    public string? TokenizerFile { get; }

    /// <summary>The SentencePiece model where it is in the file of the weights; null elsewhere.</summary>
    internal byte[]? Tokenizer { get; }

    /// <summary>What was found in the files, a sentence each, for people; empty where there is nothing to report.</summary>
    public IReadOnlyList<string> Notes { get; }

    /// <summary>Everything stored for language, projector and vision, by normalised name. Vision tensors are called
    /// "vision." and what follows from "embeddings.", "pre_layrnorm.", "encoder." or "post_layernorm."; all others
    /// keep their names. Buffers that are not needed are listed too.</summary>
    public IReadOnlyDictionary<string, CheckpointTensor> Tensors { get; }

    /// <summary>Where sizes and weights of the vision tower are from, for people; null where all is from one place.</summary>
    internal string? TowerSource { get; }

    /// <summary>Full paths of the configuration files of the vision tower's folder.</summary>
    internal IReadOnlyList<string> TowerSettings { get; }

    /// <summary>Full paths of the files that <see cref="Tensors"/> come from.</summary>
    public IReadOnlyList<string> WeightFiles { get; }

    /// <summary>Reads the configuration and the place of each tensor; the values stay on disk.</summary>
    /// <exception cref="CheckpointException">Something is missing, damaged, hostile or not supported.</exception>
    public static Checkpoint Open(CheckpointSource source)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentException.ThrowIfNullOrEmpty(source.Path);
        if (source.Mmproj is not null || GgufFormat.IsFile(source.Path))
        {
            if (source.VisionTower is not null)
            {
                throw new CheckpointException(source.Path, "is a GGUF file, whose vision encoder is in the mmproj file: leave out --vision-tower.");
            }

            return Open(Path.GetDirectoryName(Path.GetFullPath(source.Path))!, files => GgufFormat.Read(source, files));
        }

        var root = CheckpointFolder.Open(source.Path, source.VisionTower);
        return Open(root.Path, files => CheckpointFormats.Read(root, files));
    }

    private static Checkpoint Open(string folder, Func<List<CheckpointFile>, CheckpointContents> read)
    {
        var files = new List<CheckpointFile>();
        try
        {
            return new Checkpoint(folder, read(files), files);
        }
        catch
        {
            files.ForEach(file => file.Dispose());
            throw;
        }
    }

    public void Dispose() => _files.ForEach(file => file.Dispose());
}
