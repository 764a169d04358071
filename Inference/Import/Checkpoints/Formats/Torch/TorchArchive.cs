using System.Text;

namespace MobileVlm.Edge.Inference.Import.Checkpoints.Formats.Torch;

/// <summary>The format that torch.save has written since PyTorch 1.6: a ZIP archive with data.pkl, which describes the tensors,
/// and data/KEY, their raw elements.</summary>
internal static class TorchArchive
{
    // Thousands of tensors take under a megabyte.
    private const long LargestPickle = 64 << 20;
    private const string PickleName = "/data.pkl";

    public static IReadOnlyList<CheckpointTensor> Read(CheckpointFile file)
    {
        RefuseOtherFormats(file);
        var entries = ZipDirectory.Read(file);
        var pickles = entries.Keys.Where(name => name.EndsWith(PickleName, StringComparison.Ordinal)).ToList();
        if (pickles.Count != 1)
        {
            throw file.Error($"is a ZIP archive with {pickles.Count} data.pkl; a model that torch.save wrote has one.");
        }

        var prefix = pickles[0][..^PickleName.Length];
        RequireLittleEndian(file, entries, prefix);
        var pickle = ReadEntry(file, entries[pickles[0]], LargestPickle);
        var states = StateDictionary.Read(file, new Unpickler(file, pickle).Load());
        return [.. states.Select(state => Locate(file, entries, prefix, state.Name, state.Tensor))];
    }

    private static CheckpointTensor Locate(
        CheckpointFile file, Dictionary<string, ZipEntry> entries, string prefix, string name, PickledTensor tensor)
    {
        var storage = tensor.Storage;
        if (!entries.TryGetValue($"{prefix}/data/{storage.Key}", out var entry))
        {
            throw file.Error($"tensor '{name}' needs '{prefix}/data/{storage.Key}', which is missing. "
                + "Download it again.");
        }

        // Each comparison is by division or subtraction, so that hostile sizes cannot wrap around.
        var size = storage.ElementSize;
        if (storage.Count < 0 || storage.Count > entry.Length / size)
        {
            throw file.Error($"tensor '{name}' needs {storage.Count} elements of {size} bytes, "
                + $"'{entry.Name}' has {entry.Length} bytes. Download it again.");
        }

        if (!Shapes.TryByteCount(tensor.Shape, size, out var byteCount)
            || tensor.Offset < 0 || tensor.Offset > storage.Count
            || byteCount / size > storage.Count - tensor.Offset)
        {
            throw file.Error($"tensor '{name}' {Shapes.Text(tensor.Shape)} from element {tensor.Offset} does not fit "
                + $"into its storage of {storage.Count} elements. Download it again.");
        }

        if (!tensor.IsContiguous())
        {
            throw file.Error($"tensor '{name}' {Shapes.Text(tensor.Shape)} has strides {Shapes.Text(tensor.Strides)}: "
                + "its elements do not follow each other. Save the model again with contiguous tensors.");
        }

        return new CheckpointTensor(name, storage.Type, tensor.Shape)
        {
            Location = new TensorLocation(file, entry.Offset + (tensor.Offset * size), byteCount),
        };
    }

    private static void RefuseOtherFormats(CheckpointFile file)
    {
        // protocol 2, LONG1 of ten bytes: the magic number 0x1950a86a20f9469cfc6c
        ReadOnlySpan<byte> legacy = [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
        Span<byte> start = stackalloc byte[(int)Math.Min(legacy.Length, file.Length)];
        file.ReadExactly(0, start);
        if (start.SequenceEqual(legacy))
        {
            throw file.Error("was written by PyTorch before 1.6, in a format that is not read here. "
                + "Load it in a current PyTorch and save it again, best as safetensors.");
        }

        if (start.Length < 4)
        {
            throw file.Truncated($"it has {file.Length} bytes");
        }

        if (!start.StartsWith("PK\x03\x04"u8))
        {
            throw file.Error("is not a file that torch.save wrote (those begin with 'PK'). Download it again.");
        }
    }

    private static void RequireLittleEndian(CheckpointFile file, Dictionary<string, ZipEntry> entries, string prefix)
    {
        const int longest = 16;
        if (entries.TryGetValue($"{prefix}/byteorder", out var entry)
            && Encoding.ASCII.GetString(ReadEntry(file, entry, longest)) is not "little" and var order)
        {
            throw file.Error($"has byte order '{order}', supported is 'little'. Save it again on such a machine.");
        }
    }

    private static byte[] ReadEntry(CheckpointFile file, ZipEntry entry, long most)
    {
        if (entry.Length > most)
        {
            throw file.Error($"entry '{entry.Name}' has {entry.Length} bytes; {most} is the most.");
        }

        var bytes = new byte[entry.Length];
        file.ReadExactly(entry.Offset, bytes);
        return bytes;
    }
}
