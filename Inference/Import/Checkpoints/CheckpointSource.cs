namespace MobileVlm.Edge.Inference.Import.Checkpoints;

/// <summary>Where a checkpoint is.</summary>
/// <param name="Path">A folder, or the GGUF file of a decoder.</param>
public sealed record CheckpointSource(string Path)
{
    /// <summary>The GGUF file of the vision encoder and projector that belong to a GGUF file; null where <see cref="Path"/> is a folder, or
    /// a model of text only.</summary>
    public string? Mmproj { get; init; }

    /// <summary>Folder of the vision tower, which then counts instead of what the configuration names; null for none.</summary>
    public string? VisionTower { get; init; }

    /// <summary>Name of the model for people, where it is another than that of the folder or file.</summary>
    public string? Name { get; init; }

    public static implicit operator CheckpointSource(string path) => FromString(path);

    /// <summary>A folder, or a file without an mmproj file.</summary>
    public static CheckpointSource FromString(string path) => new(path);
}
