using System.Buffers.Binary;
using System.Text.Json;
using MobileVlm.Edge.Inference.Import.Checkpoints.Config;
using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Inference.Import.Checkpoints.Formats.Safetensors;

/// <summary>safetensors: eight bytes of header length, a JSON header, then the data, which the tensors must tile
/// exactly. As strict as the reference implementation, so that nothing can hide between tensors.</summary>
internal static class SafetensorsReader
{
    // The limit of the reference implementation.
    private const long LargestHeader = 100_000_000;
    private const int LengthBytes = 8;

    public static IReadOnlyList<CheckpointTensor> Read(CheckpointFile file)
    {
        if (file.Length < LengthBytes)
        {
            throw file.Truncated($"it has {file.Length} bytes, its header's length alone takes {LengthBytes}");
        }

        Span<byte> prefix = stackalloc byte[LengthBytes];
        file.ReadExactly(0, prefix);
        var headerLength = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (headerLength > LargestHeader)
        {
            throw file.Error(
                $"states that its header has {headerLength} bytes; {LargestHeader} is the most. "
                + "It is not safetensors or is damaged. Download it again.");
        }

        var dataStart = LengthBytes + (long)headerLength;
        if (dataStart > file.Length)
        {
            throw file.Truncated($"its header ends at {dataStart}, the file at {file.Length}");
        }

        var header = new byte[headerLength];
        file.ReadExactly(LengthBytes, header);
        var tensors = Tensors(file, JsonFile.Parse(file.Path, header), dataStart);
        RequireTiling(file, tensors, dataStart);
        return tensors;
    }

    private static List<CheckpointTensor> Tensors(CheckpointFile file, JsonElement header, long dataStart)
    {
        var tensors = new List<CheckpointTensor>();
        foreach (var entry in header.EnumerateObject())
        {
            if (entry.Name != "__metadata__")
            {
                tensors.Add(Tensor(file, entry.Name, entry.Value, dataStart));
            }
        }

        return tensors;
    }

    private static CheckpointTensor Tensor(CheckpointFile file, string name, JsonElement entry, long dataStart)
    {
        if (entry.ValueKind != JsonValueKind.Object
            || !entry.TryGetProperty("dtype", out var dtype) || dtype.ValueKind != JsonValueKind.String
            || !TryIntegers(entry, "shape", out var shape)
            || !TryIntegers(entry, "data_offsets", out var offsets) || offsets.Length != 2)
        {
            throw file.Error($"tensor '{name}' lacks a proper dtype, shape or data_offsets. Download it again.");
        }

        var (begin, end) = (offsets[0], offsets[1]);
        if (begin < 0 || end < begin)
        {
            throw file.Error($"tensor '{name}' is from {begin} to {end}, which is not a range. Download it again.");
        }

        if (end > file.Length - dataStart)
        {
            throw file.Truncated($"tensor '{name}' ends at {end} of the data, which has {file.Length - dataStart}");
        }

        var (type, size) = Element(dtype.GetRawText());
        if (!Shapes.TryByteCount(shape, size ?? 1, out var byteCount) || (size is not null && byteCount != end - begin))
        {
            throw file.Error(
                $"tensor '{name}' of {dtype.GetRawText()} {Shapes.Text(shape)} has {end - begin} bytes, "
                + "which do not fit its shape. Download it again.");
        }

        return new CheckpointTensor(name, type, shape)
        {
            Location = new TensorLocation(file, dataStart + begin, end - begin),
        };
    }

    /// <summary>Size in bytes; null for formats that pack elements or are not known, which no weight here uses.</summary>
    private static (ElementType Type, int? Size) Element(string quotedType) => quotedType switch
    {
        "\"F32\"" => (ElementType.Float32, 4),
        "\"F16\"" => (ElementType.Float16, 2),
        "\"BF16\"" => (ElementType.BFloat16, 2),
        "\"F64\"" or "\"I64\"" or "\"U64\"" or "\"C64\"" => (ElementType.Other, 8),
        "\"I32\"" or "\"U32\"" => (ElementType.Other, 4),
        "\"I16\"" or "\"U16\"" => (ElementType.Other, 2),
        "\"I8\"" or "\"U8\"" or "\"BOOL\"" => (ElementType.Other, 1),
        _ => (ElementType.Other, null),
    };

    private static bool TryIntegers(JsonElement entry, string key, out long[] values)
    {
        values = [];
        if (!entry.TryGetProperty(key, out var array) || array.ValueKind != JsonValueKind.Array
            || array.GetArrayLength() > Shapes.MostDimensions)
        {
            return false;
        }

        values = new long[array.GetArrayLength()];
        foreach (var (index, element) in array.EnumerateArray().Index())
        {
            if (element.ValueKind != JsonValueKind.Number || !element.TryGetInt64(out values[index]))
            {
                return false;
            }
        }

        return true;
    }

    private static void RequireTiling(CheckpointFile file, List<CheckpointTensor> tensors, long dataStart)
    {
        var next = dataStart;
        foreach (var tensor in tensors.OrderBy(tensor => tensor.Location!.Offset)
            .ThenBy(tensor => tensor.Location!.ByteCount))
        {
            var location = tensor.Location!;
            if (location.Offset != next)
            {
                throw file.Error(
                    $"tensor '{tensor.Name}' begins at {location.Offset - dataStart} of the data, the one before it "
                    + $"ends at {next - dataStart}: tensors must neither overlap nor leave gaps. Download it again.");
            }

            next += location.ByteCount;
        }

        if (next != file.Length)
        {
            throw file.Error(
                $"has {file.Length - next} bytes after its last tensor, which belong to nothing. Download it again.");
        }
    }
}
