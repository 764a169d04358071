using System.Numerics;
using System.Text;

namespace MobileVlm.Edge.Inference.Import.Checkpoints.Formats.Gguf;

/// <summary>Everything of a GGUF file but the values of its tensors (ggml's docs/gguf.md): magic, version, keys, tensors, then the data,
/// in which tensors follow each other in the order of the list.</summary>
internal sealed class GgufHeader
{
    private const uint NewestVersion = 3;
    private const int LongestKey = 65535;
    private const int LongestTensorName = 63;
    private const int MostDimensions = 4;
    private const int DefaultAlignment = 32;
    private const int LargestAlignment = 1 << 20;
    private const string AlignmentKey = "general.alignment";
    private const string ArchitectureKey = "general.architecture";

    private GgufHeader(string path, uint version, bool isBigEndian, GgufMetadata metadata, IReadOnlyList<GgufTensor> tensors) =>
        (Path, Version, IsBigEndian, Metadata, Tensors) = (path, version, isBigEndian, metadata, tensors);

    /// <summary>Full path of the file.</summary>
    public string Path { get; }

    public uint Version { get; }

    /// <summary>Whether numbers have their highest byte first, also those of the tensors.</summary>
    public bool IsBigEndian { get; }

    public GgufMetadata Metadata { get; }

    /// <summary>In the order of the file.</summary>
    public IReadOnlyList<GgufTensor> Tensors { get; }

    /// <summary>What the file is: <c>llama</c>, <c>clip</c> or another architecture; null where it does not state it.</summary>
    public string? Architecture => Metadata.Text(ArchitectureKey);

    /// <exception cref="CheckpointException">The file is damaged, hostile or of a version that is not supported.</exception>
    public static GgufHeader Read(CheckpointFile file)
    {
        PlaceholderFile.Refuse(file, "the weights");
        return Read(file.Path, file.Length, file.ReadExactly);
    }

    /// <summary>Reads the header of a file of which the values are not at hand.</summary>
    /// <param name="path">For messages.</param>
    /// <param name="length">Of the whole file, in bytes.</param>
    /// <param name="bytes">Reads it.</param>
    /// <exception cref="CheckpointException">The file is damaged, hostile or of a version that is not supported.</exception>
    public static GgufHeader Read(string path, long length, GgufBytes bytes)
    {
        var cursor = new GgufCursor(path, length, bytes);
        var (version, tensorCount, metadata) = ReadMetadata(path, cursor);
        var alignment = metadata.Integer(AlignmentKey, 1, LargestAlignment, DefaultAlignment);
        if (!BitOperations.IsPow2(alignment))
        {
            throw metadata.Error(AlignmentKey, "a power of two");
        }

        var entries = new List<Entry>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0L; i < tensorCount; i++)
        {
            var entry = ReadTensor(cursor);
            entries.Add(names.Add(entry.Name) ? entry : throw cursor.Error($"has tensor '{entry.Name}' twice. It is damaged; download it again."));
        }

        return new GgufHeader(path, version, cursor.IsBigEndian, metadata, Place(cursor, entries, Align(cursor.Position, alignment), alignment, length));
    }

    /// <summary>What a file is of which the tensors may be of types that are not read.</summary>
    /// <param name="path">For messages.</param>
    /// <param name="length">Of the whole file, in bytes.</param>
    /// <param name="bytes">Reads it.</param>
    /// <exception cref="CheckpointException">The keys are damaged, or the file is of a version that is not supported.</exception>
    public static string? ReadArchitecture(string path, long length, GgufBytes bytes) =>
        ReadMetadata(path, new GgufCursor(path, length, bytes)).Metadata.Text(ArchitectureKey);

    private static (uint Version, long TensorCount, GgufMetadata Metadata) ReadMetadata(string path, GgufCursor cursor)
    {
        var version = ReadVersion(cursor);
        var tensorCount = cursor.CountOf("tensors", cursor.HasShortCounts ? 16 : 24);
        var keyCount = cursor.CountOf("keys", cursor.HasShortCounts ? 9 : 13);
        return (version, tensorCount, new GgufMetadata(path, ReadKeys(cursor, keyCount)));
    }

    private static uint ReadVersion(GgufCursor cursor)
    {
        if (cursor.Left < 8)
        {
            throw cursor.Error($"is truncated (it has {cursor.Left} bytes). Download it again.");
        }

        // "GGUF"
        if (cursor.UInt32() != 0x46554747)
        {
            throw cursor.Error("is not a GGUF file: those begin with 'GGUF'. Older files of llama.cpp (ggml, ggjt) are not read; download a current one.");
        }

        var version = cursor.UInt32();
        if ((version & 0xffff) == 0 && version != 0)
        {
            cursor.IsBigEndian = true;
            version = System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(version);
        }

        cursor.HasShortCounts = version == 1;
        return version is >= 1 and <= NewestVersion
            ? version
            : throw cursor.Error($"is of version {version} of the format; versions 1 to {NewestVersion} are read. "
                + (version == 0 ? "It is damaged; download it again." : "Update this program, or convert the model with an older llama.cpp."));
    }

    private static Dictionary<string, GgufValue> ReadKeys(GgufCursor cursor, long count)
    {
        var values = new Dictionary<string, GgufValue>(StringComparer.Ordinal);
        var elements = 0L;
        for (var i = 0L; i < count; i++)
        {
            var key = Encoding.UTF8.GetString(cursor.Text("a key", LongestKey));
            if (!values.TryAdd(key, GgufValue.Read(cursor, key, ref elements)))
            {
                throw cursor.Error($"has the key '{key}' twice. It is damaged; download it again.");
            }
        }

        return values;
    }

    private static Entry ReadTensor(GgufCursor cursor)
    {
        var name = Encoding.UTF8.GetString(cursor.Text("a tensor's name", LongestTensorName));
        var dimensionCount = cursor.UInt32();
        if (dimensionCount > MostDimensions)
        {
            throw cursor.Error($"states that tensor '{name}' has {dimensionCount} dimensions; {MostDimensions} is the most. It is damaged; download it again.");
        }

        var dimensions = new long[dimensionCount];
        for (var i = 0; i < dimensions.Length; i++)
        {
            var dimension = cursor.Count();
            dimensions[i] = dimension is > 0 and <= long.MaxValue
                ? (long)dimension
                : throw cursor.Error($"states that tensor '{name}' has a dimension of {dimension}. It is damaged; download it again.");
        }

        return new Entry(name, dimensions, cursor.UInt32(), cursor.UInt64());
    }

    /// <summary>Sizes and places of the tensors, which must follow each other without gaps but for padding, so that nothing can hide between
    /// them and none shares bytes with another.</summary>
    private static List<GgufTensor> Place(GgufCursor cursor, List<Entry> entries, long dataStart, int alignment, long length)
    {
        var tensors = new List<GgufTensor>(entries.Count);
        var next = 0L;
        foreach (var entry in entries)
        {
            var type = GgufTensorType.Find(entry.Type)
                ?? throw cursor.Error($"has tensor '{entry.Name}' of type {entry.Type}: {GgufTensorType.Refusal(entry.Type)}.");
            if (entry.Dimensions.Count > 0 && entry.Dimensions[0] % type.BlockValues != 0)
            {
                throw cursor.Error(
                    $"states that tensor '{entry.Name}' has rows of {entry.Dimensions[0]} values, which are not a multiple of the {type.BlockValues} of a block of {type.Name}. "
                    + "It is damaged; download it again.");
            }

            if (!Shapes.TryByteCount(entry.Dimensions, type.BlockBytes, out var bytes))
            {
                throw cursor.Error($"states that tensor '{entry.Name}' is {Shapes.Text(entry.Dimensions)}, which is more than any file holds. It is damaged; download it again.");
            }

            // Blocks of each row: the product with the bytes of a block is exact and cannot have wrapped.
            bytes = entry.Dimensions.Count == 0 ? type.BlockBytes : bytes / type.BlockValues;
            if (entry.Offset % (ulong)alignment != 0)
            {
                throw cursor.Error($"states that tensor '{entry.Name}' begins at {entry.Offset} of the data, which is not a multiple of the alignment {alignment}. It is damaged; download it again.");
            }

            if (entry.Offset > (ulong)Math.Max(0, length - dataStart) || bytes > length - dataStart - (long)entry.Offset)
            {
                throw cursor.Error($"is truncated (tensor '{entry.Name}' of {bytes} bytes begins at {entry.Offset} of the data, which has {Math.Max(0, length - dataStart)}). Download it again.");
            }

            if ((long)entry.Offset != next)
            {
                throw cursor.Error(
                    $"states that tensor '{entry.Name}' begins at {entry.Offset} of the data and the one before it ends at {next}: tensors must neither overlap nor leave gaps. "
                    + "It is damaged; download it again.");
            }

            tensors.Add(new GgufTensor(entry.Name, type, entry.Dimensions, dataStart + (long)entry.Offset, bytes));
            next = Align(next + bytes, alignment);
        }

        return tensors;
    }

    private static long Align(long position, int alignment) => (position + alignment - 1) & -(long)alignment;

    private sealed record Entry(string Name, IReadOnlyList<long> Dimensions, uint Type, ulong Offset);
}
