namespace MobileVlm.Edge.Inference.Import.Checkpoints.Formats.Gguf;

/// <summary>llama.cpp's format: the decoder with its vocabulary in one file or several parts, and for models with pictures the vision encoder
/// with the projector in another, the mmproj file.</summary>
internal sealed class GgufFormat : ICheckpointFormat
{
    public const string Extension = ".gguf";

    public string Name => "gguf";

    public IReadOnlyList<string> EntryFiles => [$"*{Extension}"];

    public string? EntryFile(IReadOnlySet<string> names) => names.Where(IsGguf).Order(StringComparer.Ordinal).FirstOrDefault();

    public static bool IsGguf(string name) => name.EndsWith(Extension, StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether a path is that of a file of this format, by its name or by what it begins with.</summary>
    public static bool IsFile(string path)
    {
        if (Directory.Exists(path))
        {
            return false;
        }

        if (IsGguf(path) || !File.Exists(path))
        {
            return IsGguf(path);
        }

        using var file = CheckpointFile.Open(path);
        Span<byte> start = stackalloc byte[4];
        if (file.Length < start.Length)
        {
            return false;
        }

        file.ReadExactly(0, start);
        return start.SequenceEqual("GGUF"u8);
    }

    /// <summary>Finds the pair in a folder and reads it. A decoder alone is a model of text only.</summary>
    public CheckpointContents Read(CheckpointFolder folder, string entry, ICollection<CheckpointFile> files)
    {
        if (folder.VisionTower is not null)
        {
            throw new CheckpointException(folder.Path, "holds GGUF files, whose vision encoder is in the mmproj file: leave out --vision-tower.");
        }

        var (decoder, encoder) = GgufPair.Find(
            folder.Path, GgufPair.Summarise(folder), "Name the decoder's file as the model, and the mmproj file with --mmproj.");
        return Read(folder, decoder, encoder is null ? null : (folder, encoder), folder.Name(), files);
    }

    /// <summary>Reads files that were named.</summary>
    /// <param name="source">The decoder's file, or any part of it, and perhaps the mmproj file.</param>
    /// <param name="files">Receives each opened file at once.</param>
    /// <exception cref="CheckpointException">Something is missing, damaged, hostile or not supported.</exception>
    public static CheckpointContents Read(CheckpointSource source, ICollection<CheckpointFile> files)
    {
        var (decoder, encoder) = (source.Path, source.Mmproj);
        var folder = CheckpointFolder.OpenOf(decoder);
        return Read(
            folder,
            Path.GetFileName(decoder),
            encoder is null ? null : (CheckpointFolder.OpenOf(encoder), Path.GetFileName(encoder)),
            source.Name ?? GgufModel.NameOf(decoder),
            files);
    }

    private static CheckpointContents Read(
        CheckpointFolder folder, string decoderName, (CheckpointFolder Folder, string Name)? encoderFile, string name, ICollection<CheckpointFile> files)
    {
        var decoder = GgufModel.Open(folder, decoderName, files);
        GgufPair.Require(GgufSummary.Of(decoder), GgufDecoder.Architecture);
        var language = GgufDecoder.ReadConfig(decoder);
        var tokenizer = GgufTokenizer.ToSentencePiece(decoder.Metadata, language.VocabularySize);
        var tensors = GgufDecoder.Tensors(decoder, language).ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
        var config = new Models.ModelConfig(name, "LlamaForCausalLM", language, Vision: null, Projector: null, License(decoder) ?? Config.ModelCard.License(folder));
        List<string> notes = [GgufPair.Describe(decoder), "tokenizer from the file"];
        if (encoderFile is var (encoderFolder, encoderName))
        {
            var encoder = GgufModel.Open(encoderFolder, encoderName, files);
            GgufPair.Require(GgufSummary.Of(encoder), GgufEncoder.Architecture);
            var projector = GgufEncoder.Projector(encoder);
            GgufPair.RequireFit(decoder.Path, language.HiddenSize, encoder.Path, GgufSummary.Of(encoder).Width);
            var vision = GgufEncoder.ReadConfig(encoder);
            foreach (var tensor in GgufEncoder.Tensors(encoder, vision, projector))
            {
                tensors.Add(tensor.Name, tensor);
            }

            config = config with { Architecture = "MobileLlamaForCausalLM", Vision = vision, Projector = projector.Type };
            notes.Add(GgufPair.Describe(encoder));
            notes.Add(GgufEncoder.Describe(encoder, vision));
        }

        return new CheckpointContents(config, TokenizerFile: null, tensors) { Tokenizer = tokenizer, Notes = notes };
    }

    private static string? License(GgufModel decoder)
    {
        const int LongestLicense = 64;
        return decoder.Metadata.Text("general.license") is { Length: > 0 and <= LongestLicense } license ? license : null;
    }
}
