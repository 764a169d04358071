namespace MobileVlm.Edge.Inference.Import.Checkpoints.Formats.Gguf;

/// <summary>A GGUF file of a repository with the start of its contents, which has its keys and the list of its tensors.</summary>
/// <param name="Name">In the repository.</param>
/// <param name="Length">Of the whole file, in bytes.</param>
/// <param name="Head">The first bytes of it.</param>
public sealed record GgufHead(string Name, long Length, ReadOnlyMemory<byte> Head);

/// <summary>The files of one model in a repository.</summary>
/// <param name="Decoder">The decoder's file; of a split one the first part.</param>
/// <param name="Mmproj">The file of the vision encoder and projector; null for a model of text only.</param>
/// <param name="Files">Both with all parts.</param>
/// <param name="Weights">Number of weights, about.</param>
public sealed record GgufModelFiles(string Decoder, string? Mmproj, IReadOnlyList<string> Files, long Weights);

/// <summary>Selects one model of a repository of GGUF files before it is downloaded.</summary>
public static class GgufRepository
{
    /// <summary>Bytes of a file that have its keys, the vocabulary among them, and its list of tensors. Vocabularies of published models take
    /// under 2 MiB.</summary>
    public const int HeadBytes = 4 << 20;

    /// <summary>Whether an entry of <see cref="CheckpointFormats.EntryFile"/> is of this format.</summary>
    public static bool IsGguf(string entry) => GgufFormat.IsGguf(entry);

    /// <summary>The files whose heads are needed: all but later parts of split ones.</summary>
    public static IReadOnlyList<string> FirstFiles(IEnumerable<string> names) => GgufPair.FirstFiles(names);

    /// <summary>The one model of a repository.</summary>
    /// <param name="place">The repository, for messages.</param>
    /// <param name="heads">Of <see cref="FirstFiles"/>.</param>
    /// <param name="decoder">The decoder's file where it was named; null takes the only one.</param>
    /// <exception cref="CheckpointException">There is none, more than one, or a head is damaged.</exception>
    public static GgufModelFiles Select(string place, IReadOnlyList<GgufHead> heads, string? decoder)
    {
        var headers = heads.ToDictionary(head => head.Name, Read, StringComparer.Ordinal);
        var summaries = headers.Select(header => GgufSummary.Of(header.Value) with { File = header.Key })
            .Where(file => decoder is null || !file.IsDecoder || file.File == decoder).ToList();
        if (decoder is not null && !summaries.Any(file => file.IsDecoder))
        {
            throw new CheckpointException(place, $"has no decoder file '{decoder}'. It has {string.Join(", ", heads.Select(head => head.Name))}.");
        }

        var (found, mmproj) = GgufPair.Find(place, summaries);
        string[] files = [.. Parts(found), .. mmproj is null ? [] : Parts(mmproj)];
        return new GgufModelFiles(
            found, mmproj, files, (mmproj is null ? [found] : (string[])[found, mmproj]).Sum(file => Weights(headers[file]) * Parts(file).Length));
    }

    private static string[] Parts(string file) => GgufModel.Part(file) is var (stem, _, count) && count > 0
        ? [.. Enumerable.Range(1, count).Select(number => GgufModel.PartFile(stem, number, count))]
        : [file];

    private static long Weights(GgufHeader header) => header.Tensors.Sum(tensor => tensor.Count);

    private static GgufHeader Read(GgufHead head) => GgufHeader.Read(head.Name, head.Length, (offset, destination) =>
    {
        if (offset + destination.Length > head.Head.Length)
        {
            // The cursor reads ahead; what is behind the head is only refused where it is needed.
            if (offset >= head.Head.Length)
            {
                throw new CheckpointException(head.Name, $"has a header of more than {HeadBytes >> 20} MiB, which no published model has. Download it by hand and import it.");
            }

            var there = head.Head.Span[(int)offset..];
            there.CopyTo(destination);
            destination[there.Length..].Clear();
            return;
        }

        head.Head.Span.Slice((int)offset, destination.Length).CopyTo(destination);
    });
}
