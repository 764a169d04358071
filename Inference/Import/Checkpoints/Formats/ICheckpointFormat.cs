using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Inference.Import.Checkpoints.Formats;

/// <summary>A form in which models are published: where weights, configuration, tensor names and tokenizer come from.</summary>
/// <remarks>A new one takes a class here and its place in <see cref="CheckpointFormats"/>. Formats that consist of
/// config.json, weights and tokenizer.model derive from <see cref="HuggingFaceFormat"/>; one that keeps everything in a
/// single file implements this directly.</remarks>
internal interface ICheckpointFormat
{
    /// <summary>The format's name on the command line.</summary>
    string Name { get; }

    /// <summary>The names of <see cref="EntryFile"/>, or patterns of them, for messages.</summary>
    IReadOnlyList<string> EntryFiles { get; }

    /// <summary>The file from which all weights are found: the weights themselves or an index of shards.</summary>
    /// <param name="names">Files of one folder, of a disk or of a repository.</param>
    /// <returns>Null where the folder has no weights in this format.</returns>
    string? EntryFile(IReadOnlySet<string> names);

    /// <summary>Reads everything but the tensors' values.</summary>
    /// <param name="folder">The checkpoint.</param>
    /// <param name="entry">Its <see cref="EntryFile"/>.</param>
    /// <param name="files">Receives each opened file of weights at once, also where reading fails later; the caller
    /// disposes them.</param>
    /// <exception cref="CheckpointException">Something is missing, damaged, hostile or not supported.</exception>
    CheckpointContents Read(CheckpointFolder folder, string entry, ICollection<CheckpointFile> files);
}

/// <summary>A checkpoint without its values.</summary>
/// <param name="Config">Checked.</param>
/// <param name="TokenizerFile">Full path of the SentencePiece model; null where there is none.</param>
/// <param name="Tensors">By the names of <see cref="TensorNames"/>.</param>
internal sealed record CheckpointContents(
    ModelConfig Config, string? TokenizerFile, IReadOnlyDictionary<string, CheckpointTensor> Tensors)
{
    /// <summary>Full paths of the configuration files that were read of the vision tower's folder.</summary>
    public IReadOnlyList<string> TowerSettings { get; init; } = [];

    /// <summary>Where sizes and weights of the vision tower are from, for people; null where all is in one place.</summary>
    public string? TowerSource { get; init; }

    /// <summary>The SentencePiece model where the weights' file has one in it; null elsewhere.</summary>
    public byte[]? Tokenizer { get; init; }

    /// <summary>What was found in the files, a sentence each, for people.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}
