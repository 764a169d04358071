using System.Globalization;
using System.Text.RegularExpressions;
using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Inference.Import.Checkpoints.Formats.Gguf;

/// <summary>A model in one GGUF file, or in the parts of a split one.</summary>
internal sealed partial class GgufModel
{
    private const string PartNumber = "split.no";
    private const string PartCount = "split.count";
    private const int MostParts = 65535;

    private readonly GgufHeader _first;
    private readonly Dictionary<string, (GgufTensor Tensor, CheckpointFile File, bool IsBigEndian)> _tensors = new(StringComparer.Ordinal);

    private GgufModel(GgufHeader first, int parts) => (_first, Parts) = (first, parts);

    /// <summary>Full path of the file, of the first one where there are several.</summary>
    public string Path => _first.Path;

    /// <summary>Of the first file; the others have no keys of their own.</summary>
    public GgufMetadata Metadata => _first.Metadata;

    public uint Version => _first.Version;

    public bool IsBigEndian => _first.IsBigEndian;

    public string? Architecture => _first.Architecture;

    /// <summary>Number of files.</summary>
    public int Parts { get; }

    /// <summary>Names of all tensors as stored.</summary>
    public IReadOnlyCollection<string> TensorNames => _tensors.Keys;

    /// <summary>Name of one of several parts.</summary>
    /// <param name="stem">What all parts begin with.</param>
    /// <param name="number">From 1.</param>
    /// <param name="count">How many there are.</param>
    public static string PartFile(string stem, int number, int count) =>
        string.Create(CultureInfo.InvariantCulture, $"{stem}-{number:00000}-of-{count:00000}.gguf");

    /// <summary>Name, number from 1 and count of a part of a split file; null for another file.</summary>
    public static (string Stem, int Number, int Count)? Part(string name) =>
        PartName().Match(name) is { Success: true } match
            ? (match.Groups[1].Value, int.Parse(match.Groups[2].ValueSpan, CultureInfo.InvariantCulture), int.Parse(match.Groups[3].ValueSpan, CultureInfo.InvariantCulture))
            : null;

    /// <summary>Name of the model for people: that of its file without its extension and number.</summary>
    public static string NameOf(string path)
    {
        var name = System.IO.Path.GetFileName(path);
        return Part(name)?.Stem ?? System.IO.Path.GetFileNameWithoutExtension(name);
    }

    /// <summary>Opens a file with its other parts, which lie beside it.</summary>
    /// <param name="folder">Holds them.</param>
    /// <param name="name">Of the file, or of any of its parts.</param>
    /// <param name="files">Receives each opened file at once.</param>
    /// <exception cref="CheckpointException">A part is missing, damaged or of another model.</exception>
    public static GgufModel Open(CheckpointFolder folder, string name, ICollection<CheckpointFile> files)
    {
        var part = Part(name);
        var firstName = part is var (stem, _, count) ? PartFile(stem, 1, count) : name;
        var file = OpenFile(folder, firstName, name, files);
        var first = GgufHeader.Read(file);
        var parts = first.Metadata.Integer(PartCount, 0, MostParts, fallback: 0);
        if (parts > 1 && part?.Count != parts)
        {
            throw new CheckpointException(
                first.Path, $"is one of {parts} parts ('{PartCount}'), but is not named like one (NAME-00001-of-{parts:00000}.gguf), so the others cannot be found. Name all parts as they were published.");
        }

        var model = new GgufModel(first, Math.Max(1, part?.Count ?? 1));
        model.Add(first, file, number: 0);
        for (var number = 1; number < model.Parts; number++)
        {
            var next = OpenFile(folder, PartFile(part!.Value.Stem, number + 1, model.Parts), name, files);
            model.Add(GgufHeader.Read(next), next, number);
        }

        const string TensorCount = "split.tensors.count";
        return model.Parts == 1 || model.Metadata.Integer(TensorCount, 0, int.MaxValue, fallback: model._tensors.Count) == model._tensors.Count
            ? model
            : throw model.Metadata.Error(TensorCount, $"{model._tensors.Count}, which the {model.Parts} parts have together. Download all parts again");
    }

    /// <summary>The stored tensor of that name; null when there is none.</summary>
    public GgufTensor? Find(string name) => _tensors.TryGetValue(name, out var found) ? found.Tensor : null;

    /// <summary>A tensor under the checkpoint's name.</summary>
    /// <param name="stored">Name in the file.</param>
    /// <param name="name">The checkpoint's name.</param>
    /// <param name="shape">What it must be, row-major; dimensions of 1 may be missing in the file.</param>
    /// <param name="order">Order of its rows; null where it is that of the checkpoint.</param>
    /// <exception cref="CheckpointException">It is missing or has another shape.</exception>
    public CheckpointTensor Take(string stored, string name, IReadOnlyList<long> shape, RotaryRowOrder? order = null)
    {
        if (!_tensors.TryGetValue(stored, out var found))
        {
            throw new CheckpointException(Path, $"has no tensor '{stored}'. It is incomplete or of another kind of model; download it again or convert it again.");
        }

        var (tensor, file, isBigEndian) = found;
        if (!tensor.Dimensions.Reverse().Where(d => d != 1).SequenceEqual(shape.Where(d => d != 1)))
        {
            throw new CheckpointException(
                file.Path,
                $"tensor '{stored}' is {Shapes.Text(tensor.Dimensions)}, the keys of the file imply {Shapes.Text(shape.Reverse())}. It is damaged or badly converted; download it again.");
        }

        // Plain floats are read, and copied, as those of other formats.
        var isPlain = tensor.Type.Blocks is null && order is null && !isBigEndian;
        return new CheckpointTensor(name, isPlain ? tensor.Type.Floats : ElementType.Float32, [.. shape])
        {
            Location = new TensorLocation(file, tensor.Offset, tensor.ByteCount),
            Encoding = isPlain ? null : new GgufEncoding(tensor.Type, isBigEndian, (int)tensor.Width, order),
        };
    }

    /// <summary>How many tensors there are of each type: <c>217 F32, 150 F16</c>.</summary>
    public string DescribeTypes() => string.Join(
        ", ",
        _tensors.Values.GroupBy(found => found.Tensor.Type).OrderByDescending(group => group.Count()).ThenBy(group => group.Key.Id)
            .Select(group => $"{group.Count()} {group.Key.Name}"));

    private static CheckpointFile OpenFile(CheckpointFolder folder, string name, string asked, ICollection<CheckpointFile> files)
    {
        var path = folder.FindFile(name) ?? throw new CheckpointException(
            System.IO.Path.Combine(folder.Path, asked),
            name == asked ? "is not there." : $"is a part of a split model, of which '{name}' is missing. Download all parts into one folder.");
        var file = CheckpointFile.Open(path);
        files.Add(file);
        return file;
    }

    private void Add(GgufHeader header, CheckpointFile file, int number)
    {
        if (Parts > 1)
        {
            // The name and the keys of a part must agree.
            _ = header.Metadata.Integer(PartCount, Parts, Parts);
            _ = header.Metadata.Integer(PartNumber, number, number);
        }

        foreach (var tensor in header.Tensors)
        {
            if (!_tensors.TryAdd(tensor.Name, (tensor, file, header.IsBigEndian)))
            {
                throw new CheckpointException(header.Path, $"has tensor '{tensor.Name}', which another part has too. Download all parts again.");
            }
        }
    }

    [GeneratedRegex("^(.+)-([0-9]{5})-of-([0-9]{5})\\.gguf$", RegexOptions.CultureInvariant)]
    private static partial Regex PartName();
}
