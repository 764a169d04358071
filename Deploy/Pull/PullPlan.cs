using MobileVlm.Edge.Connectors.Hub;

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
    /// <summary>The repository's name without its owner.</summary>
    public string Name => Listing.Id.Split('/')[^1];

    public long Bytes => Files.Sum(file => file.File.Size);
}
