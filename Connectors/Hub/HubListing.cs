namespace MobileVlm.Edge.Connectors.Hub;

/// <summary>A repository at one commit; later pushes do not change what its downloads give.</summary>
/// <param name="Id">The repository as it was asked for: <c>owner/name</c>.</param>
/// <param name="Commit">40 hexadecimal digits.</param>
/// <param name="Files">All files, names checked by <see cref="HubNames"/>.</param>
public sealed record HubListing(string Id, string Commit, IReadOnlyList<HubFile> Files)
{
    /// <summary>Null when the repository has no such file.</summary>
    public HubFile? Find(string name) => Files.FirstOrDefault(file => file.Name == name);
}

/// <summary>One file as the hub lists it.</summary>
/// <param name="Name">Path inside the repository, with slashes.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Sha256">Hash of the content, lower case; null where the file is in git itself.</param>
/// <param name="BlobId">Git's SHA-1 of such a file; null when not published.</param>
public sealed record HubFile(string Name, long Size, string? Sha256, string? BlobId);
