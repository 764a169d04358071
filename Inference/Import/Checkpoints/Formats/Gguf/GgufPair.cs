namespace MobileVlm.Edge.Inference.Import.Checkpoints.Formats.Gguf;

/// <summary>What a GGUF file is, as far as it decides which files belong together.</summary>
/// <param name="File">Its name or path.</param>
/// <param name="Architecture"><c>llama</c>, <c>clip</c> or another; null where it does not state it.</param>
/// <param name="Width">Width of a decoder, or of what a projector makes; null where it cannot be found.</param>
internal sealed record GgufSummary(string File, string? Architecture, long? Width)
{
    public bool IsDecoder => Architecture == GgufDecoder.Architecture;

    public bool IsEncoder => Architecture == GgufEncoder.Architecture;

    public static GgufSummary Of(GgufHeader header) => Of(header.Path, header.Architecture, header.Metadata, name => header.Tensors.FirstOrDefault(tensor => tensor.Name == name));

    public static GgufSummary Of(GgufModel model) => Of(model.Path, model.Architecture, model.Metadata, model.Find);

    private static GgufSummary Of(string file, string? architecture, GgufMetadata keys, Func<string, GgufTensor?> find)
    {
        long? width = architecture switch
        {
            GgufDecoder.Architecture when keys.Has(GgufDecoder.WidthKey) => keys.Integer(GgufDecoder.WidthKey, 1, int.MaxValue),
            GgufEncoder.Architecture => GgufProjector.All.Select(projector => find($"{projector.LastMatrix.Stored}.weight")?.Dimensions)
                .FirstOrDefault(dimensions => dimensions is { Count: 2 })?[1],
            _ => null,
        };
        return new GgufSummary(file, architecture, width);
    }
}

/// <summary>Finds out which GGUF files are one model. Names do not tell, so decoder and projector are paired by their width.</summary>
internal static class GgufPair
{
    private const int MostFiles = 200;

    /// <summary>The files of a folder; of a split model the first part.</summary>
    /// <exception cref="CheckpointException">One of them is damaged.</exception>
    public static IReadOnlyList<GgufSummary> Summarise(CheckpointFolder folder)
    {
        var names = FirstFiles(folder.FileNames());
        if (names.Count > MostFiles)
        {
            throw new CheckpointException(folder.Path, $"holds {names.Count} GGUF files; name the one to import.");
        }

        var summaries = new List<GgufSummary>();
        foreach (var name in names)
        {
            var path = folder.FindFile(name) ?? throw new CheckpointException(Path.Combine(folder.Path, name), "is not there any more.");
            using var file = CheckpointFile.Open(path);
            summaries.Add(GgufSummary.Of(GgufHeader.Read(file)) with { File = name });
        }

        return summaries;
    }

    /// <summary>The GGUF files among names, without the later parts of split models; in order.</summary>
    public static IReadOnlyList<string> FirstFiles(IEnumerable<string> names) =>
        [.. names.Where(GgufFormat.IsGguf).Where(name => GgufModel.Part(name) is null or { Number: 1 }).Order(StringComparer.Ordinal)];

    /// <summary>The one model among some files.</summary>
    /// <param name="place">The folder or repository, for messages.</param>
    /// <param name="files">All GGUF files of it.</param>
    /// <param name="remedy">How the user names files, where there is more than one model.</param>
    /// <returns>The decoder, and the mmproj file where there is one.</returns>
    /// <exception cref="CheckpointException">There is none, or more than one.</exception>
    public static (string Decoder, string? Encoder) Find(string place, IReadOnlyList<GgufSummary> files, string remedy)
    {
        var decoders = files.Where(file => file.IsDecoder).ToList();
        var encoders = files.Where(file => file.IsEncoder).ToList();
        if (decoders.Count == 0)
        {
            throw new CheckpointException(
                place,
                files.Count == 0 ? "holds parts of a split GGUF model without the first one. Download all parts."
                    : $"holds no GGUF file of a LLaMA decoder: {string.Join(", ", files.Select(file => $"'{file.File}' is {Describe(file)}"))}. Download the decoder's file.");
        }

        if (encoders.Count == 0)
        {
            return decoders.Count == 1 ? (decoders[0].File, null) : throw MoreThanOne(place, decoders.Select(file => file.File), remedy);
        }

        var pairs = (from decoder in decoders from encoder in encoders where decoder.Width == encoder.Width && decoder.Width is not null select (decoder, encoder)).ToList();
        return pairs switch
        {
            [var (decoder, encoder)] => (decoder.File, encoder.File),
            [] => throw new CheckpointException(
                place,
                $"holds no pair that fits: {string.Join(", ", files.Where(file => file.IsDecoder || file.IsEncoder).Select(file => $"'{file.File}' is {Describe(file)}{Width(file)}"))}. "
                + "Decoder and mmproj file must be of the same model."),
            _ => throw MoreThanOne(place, pairs.Select(pair => $"{pair.decoder.File} with {pair.encoder.File}"), remedy),
        };
    }

    /// <summary>Refuses a file of another kind than is needed.</summary>
    /// <param name="file">What it is.</param>
    /// <param name="architecture">What it must be.</param>
    /// <exception cref="CheckpointException">It is something else.</exception>
    public static void Require(GgufSummary file, string architecture)
    {
        if (file.Architecture != architecture)
        {
            throw new CheckpointException(Path.GetFullPath(file.File), $"is {Describe(file)}{(file.IsDecoder ? ", not an mmproj file. Name it as the model, and the mmproj file with --mmproj."
                : file.IsEncoder ? ", not a decoder. Name the decoder's file as the model, and this one with --mmproj."
                : $"; supported are '{GgufDecoder.Architecture}' for the decoder and '{GgufEncoder.Architecture}' for the mmproj file.")}");
        }
    }

    /// <summary>Refuses a decoder and a projector of different widths.</summary>
    /// <param name="decoder">Its file.</param>
    /// <param name="width">Its width.</param>
    /// <param name="encoder">The projector's file.</param>
    /// <param name="projected">Width of what the projector makes; null where it cannot be found, which is reported elsewhere.</param>
    /// <exception cref="CheckpointException">They differ.</exception>
    public static void RequireFit(string decoder, int width, string encoder, long? projected)
    {
        if (projected is { } found && found != width)
        {
            throw new CheckpointException(
                encoder, $"makes visual tokens of width {found}, and {Path.GetFileName(decoder)} has width {width}. They are of different models; take the mmproj file of the same one.");
        }
    }

    /// <summary>A file in a sentence of a manifest.</summary>
    public static string Describe(GgufModel model) =>
        $"{Path.GetFileName(model.Path)}: GGUF version {model.Version}{(model.IsBigEndian ? ", big-endian" : "")}{(model.Parts > 1 ? $", {model.Parts} parts" : "")}, tensors {model.DescribeTypes()}";

    private static string Describe(GgufSummary file) => file.Architecture switch
    {
        GgufDecoder.Architecture => "a decoder",
        GgufEncoder.Architecture => "an mmproj file (vision encoder and projector)",
        null => "of an architecture that it does not state ('general.architecture' is missing)",
        var other => $"of the architecture '{other}'",
    };

    private static string Width(GgufSummary file) => file.Width is { } width ? $" of width {width}"
        : file.IsEncoder ? $" with a projector other than {string.Join(" and ", GgufProjector.All.Select(projector => $"'{projector.Name}'"))}, which is not supported"
        : " that does not state its width";

    private static CheckpointException MoreThanOne(string place, IEnumerable<string> models, string remedy) =>
        new(place, $"holds more than one model: {string.Join("; ", models)}. {remedy}");
}
