using MobileVlm.Edge.Connectors.Hub;
using MobileVlm.Edge.Inference.Import.Checkpoints;

namespace MobileVlm.Edge.Deploy.Pull;

/// <summary>One file that will be fetched.</summary>
/// <param name="Listing">The repository that it is in.</param>
/// <param name="File">The file in it.</param>
/// <param name="Path">Where it goes in the checkpoint's folder, with slashes.</param>
internal sealed record PlannedFile(HubListing Listing, HubFile File, string Path);

/// <summary>Everything that one pull fetches, known before the first byte of it.</summary>
/// <param name="Listing">Of the checkpoint.</param>
/// <param name="Files">In the order in which they are fetched: small ones first.</param>
/// <param name="ImportedBytes">Upper bound of the disk space that the import takes, in bytes: the model and what is beside it meanwhile.</param>
internal sealed record PullPlan(HubListing Listing, IReadOnlyList<PlannedFile> Files, long ImportedBytes)
{
    /// <summary>The decoder's file where the model consists of GGUF files; null elsewhere.</summary>
    public string? Decoder { get; init; }

    /// <summary>The file of the vision encoder that belongs to <see cref="Decoder"/>; null where there is none.</summary>
    public string? Mmproj { get; init; }

    /// <summary>What is imported, once the files are in a folder.</summary>
    public CheckpointSource SourceIn(string folder) => Decoder is null ? folder : new CheckpointSource(Path.Combine(folder, Decoder))
    {
        Mmproj = Mmproj is null ? null : Path.Combine(folder, Mmproj),
        Name = Name,
    };

    /// <summary>The repository's name without its owner.</summary>
    public string Name => Listing.Id.Split('/')[^1];

    public long Bytes => Files.Sum(file => file.File.Size);
}
