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

    /// <summary>Largest number of files whose heads are read.</summary>
    public const int MostFiles = 50;

    private const string Remedy = "Name the decoder's file with --file, and the mmproj file with --mmproj.";

    /// <summary>What the names of most files of a vision encoder contain.</summary>
    private const string MmprojMark = "mmproj";

    /// <summary>Whether an entry of <see cref="CheckpointFormats.EntryFile"/> is of this format.</summary>
    public static bool IsGguf(string entry) => GgufFormat.IsGguf(entry);

    /// <summary>The files whose heads are needed: all but later parts of split ones. Where these are more than <see cref="MostFiles"/>, the
    /// decoder must be named, and a file is taken for that of a vision encoder by its name.</summary>
    /// <param name="place">The repository, for messages.</param>
    /// <param name="names">All files of the repository.</param>
    /// <param name="decoder">The decoder's file where it was named.</param>
    /// <param name="mmproj">The vision encoder's file where it was named.</param>
    /// <exception cref="CheckpointException">They are too many.</exception>
    public static IReadOnlyList<string> FilesToRead(string place, IEnumerable<string> names, string? decoder, string? mmproj)
    {
        var files = GgufPair.FirstFiles(names);
        if (files.Count > MostFiles && decoder is not null)
        {
            files = [.. files.Where(name => name == decoder || (mmproj is null ? HasMmprojName(name) : name == mmproj))];
        }

        return files.Count <= MostFiles
            ? files
            : throw new CheckpointException(place, $"holds {files.Count} GGUF files that may belong to the model; at most {MostFiles} are searched. {Remedy}");
    }

    /// <summary>The one model of a repository. Files that cannot be read, for example because of a type of their tensors, are left out unless
    /// they were named.</summary>
    /// <param name="place">The repository, for messages.</param>
    /// <param name="heads">Of <see cref="FilesToRead"/>.</param>
    /// <param name="decoder">The decoder's file where it was named; null takes the only one.</param>
    /// <param name="mmproj">The vision encoder's file where it was named; null takes the one that fits.</param>
    /// <exception cref="CheckpointException">There is none, more than one, or one that is needed cannot be read.</exception>
    public static GgufModelFiles Select(string place, IReadOnlyList<GgufHead> heads, string? decoder, string? mmproj = null)
    {
        if (heads.Count == 0)
        {
            throw new CheckpointException(place, "has no GGUF file outside its folders. Check the id, and --revision.");
        }

        var headers = new Dictionary<string, GgufHeader>(StringComparer.Ordinal);
        var summaries = new List<GgufSummary>();
        var refused = new List<(GgufHead Head, CheckpointException Reason)>();
        foreach (var head in heads)
        {
            try
            {
                var header = GgufHeader.Read(head.Name, head.Length, BytesOf(head));
                var summary = GgufSummary.Of(header) with { File = head.Name };
                headers.Add(head.Name, header);
                if (!(summary.IsDecoder && (decoder ?? head.Name) != head.Name) && !(summary.IsEncoder && (mmproj ?? head.Name) != head.Name))
                {
                    summaries.Add(summary);
                }
            }
            catch (CheckpointException e) when (head.Name != decoder && head.Name != mmproj)
            {
                refused.Add((head, e));
            }
        }

        RequireNamed(place, "decoder", decoder, heads, summaries.Any(file => file.IsDecoder));
        RequireNamed(place, "mmproj", mmproj, heads, summaries.Any(file => file.IsEncoder));
        if (refused.Count > 0 && !summaries.Any(file => file.IsDecoder))
        {
            throw refused[0].Reason;
        }

        var (found, encoder) = GgufPair.Find(place, summaries, Remedy);
        if (encoder is null && refused.Find(file => IsEncoder(file.Head)).Reason is { } reason)
        {
            throw new CheckpointException(
                place, $"has an mmproj file that cannot be read, without which '{found}' answers about text only. {reason.Message} To import the text model, download its file by hand.", reason);
        }

        string[] files = [.. Parts(found), .. encoder is null ? [] : Parts(encoder)];
        return new GgufModelFiles(
            found, encoder, files, (encoder is null ? [found] : (string[])[found, encoder]).Sum(file => Weights(headers[file]) * Parts(file).Length));
    }

    private static void RequireNamed(string place, string kind, string? name, IReadOnlyList<GgufHead> heads, bool isThere)
    {
        if (name is not null && !isThere)
        {
            throw new CheckpointException(place, $"has no {kind} file '{name}'. Its GGUF files are {string.Join(", ", heads.Select(head => head.Name))}.");
        }
    }

    /// <summary>Whether a file that cannot be read is that of a vision encoder: by its keys, or by its name where these cannot be read
    /// either.</summary>
    private static bool IsEncoder(GgufHead head)
    {
        try
        {
            return GgufHeader.ReadArchitecture(head.Name, head.Length, BytesOf(head)) == GgufEncoder.Architecture;
        }
        catch (CheckpointException)
        {
            return HasMmprojName(head.Name);
        }
    }

    private static bool HasMmprojName(string name) => name.Contains(MmprojMark, StringComparison.OrdinalIgnoreCase);

    private static string[] Parts(string file) => GgufModel.Part(file) is var (stem, _, count) && count > 0
        ? [.. Enumerable.Range(1, count).Select(number => GgufModel.PartFile(stem, number, count))]
        : [file];

    private static long Weights(GgufHeader header) => header.Tensors.Sum(tensor => tensor.Count);

    private static GgufBytes BytesOf(GgufHead head) => (offset, destination) =>
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
    };
}
