using MobileVlm.Edge.Inference.Import.Checkpoints.Formats;
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
    /// <param name="folder">The checkpoint's.</param>
    /// <param name="visionTower">Folder of the vision tower, which then counts instead of what the configuration names; null for none.</param>
    /// <exception cref="CheckpointException">Something is missing, damaged, hostile or not supported.</exception>
    public static Checkpoint Open(string folder, string? visionTower = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        var root = CheckpointFolder.Open(folder, visionTower);
        var files = new List<CheckpointFile>();
        try
        {
            return new Checkpoint(root.Path, CheckpointFormats.Read(root, files), files);
        }
        catch
        {
            files.ForEach(file => file.Dispose());
            throw;
        }
    }

    public void Dispose() => _files.ForEach(file => file.Dispose());
}
