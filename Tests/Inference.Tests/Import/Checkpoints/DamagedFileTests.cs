using MobileVlm.Edge.Inference.Import.Checkpoints;
using MobileVlm.Edge.Inference.Import.Checkpoints.Formats.Safetensors;
using MobileVlm.Edge.Inference.Import.Checkpoints.Formats.Torch;
using MobileVlm.Edge.Inference.Tests.Import.Checkpoints.Formats.Torch;

namespace MobileVlm.Edge.Inference.Tests.Import.Checkpoints;

/// <summary>Every damaged file is refused with an error of the reader or is harmless: no other exception, no hang, no
/// value from outside the file.</summary>
public sealed class DamagedFileTests
{
    private const int Seed = 20240229;

    /// <summary>Most that reading one small file may allocate, refused or not.</summary>
    private const long MostMemory = 8L * 1024 * 1024;

    /// <summary>MOBILEVLM_FUZZ multiplies the inputs of each fuzz run.</summary>
    internal static readonly int Longer = int.TryParse(Environment.GetEnvironmentVariable("MOBILEVLM_FUZZ"), out var times) ? times : 1;

    // Of a real file only what the reader parses: contents cost time and decide nothing.
    private static readonly byte[] Torch = TorchOf(tensors: 6);

    private static readonly byte[] Safetensors = SmallCheckpoint.Safetensors(
        """
        {"__metadata__":{"format":"pt"},"a":{"dtype":"F16","shape":[2,2],"data_offsets":[0,8]},
        "b":{"dtype":"BF16","shape":[4],"data_offsets":[8,16]},"c":{"dtype":"F32","shape":[1,2],"data_offsets":[16,24]},
        "d":{"dtype":"I64","shape":[],"data_offsets":[24,32]}}
        """,
        dataBytes: 32);

    public static TheoryData<string> Golden =>
        ["mobilellama/pytorch_model.bin", "mobilevlm-v1/pytorch_model.bin", "llama-gqa/model.safetensors"];

    [Theory]
    [MemberData(nameof(Golden))]
    public void A_golden_file_cut_anywhere_is_refused(string golden)
    {
        var whole = File.ReadAllBytes(GoldenFolder.Path(golden.Split('/')));
        using var folder = new TemporaryFolder();
        var path = folder.Write(Path.GetFileName(golden), whole);
        for (var cut = 199; cut >= 0; cut--)
        {
            using (var stream = File.OpenWrite(path))
            {
                stream.SetLength((long)whole.Length * cut / 200);
            }

            var fault = Assert.Throws<CheckpointException>(() => ReadAll(path));
            Assert.Contains("truncated", fault.Message, StringComparison.Ordinal);
            Assert.Equal(path, fault.File);
        }
    }

    [Theory]
    [InlineData("pytorch_model.bin")]
    [InlineData("model.safetensors")]
    public void A_small_file_cut_at_any_byte_is_refused(string name)
    {
        var whole = name.EndsWith(".bin", StringComparison.Ordinal) ? Torch : Safetensors;
        using var folder = new TemporaryFolder();
        for (var length = 0; length < whole.Length; length++)
        {
            Assert.Throws<CheckpointException>(() => ReadAll(folder.Write(name, whole[..length])));
        }

        Assert.NotEmpty(ReadAll(folder.Write(name, whole)));
    }

    [Theory]
    [InlineData("pytorch_model.bin", 3000)]
    [InlineData("model.safetensors", 2000)]
    public void Flipped_bits_are_refused_or_harmless(string name, int rounds)
    {
        var whole = name.EndsWith(".bin", StringComparison.Ordinal) ? Torch : Safetensors;
        var random = new Random(Seed);
        using var folder = new TemporaryFolder();
        var refused = 0;
        for (var round = 0; round < rounds * Longer; round++)
        {
            var damaged = whole.ToArray();
            for (var flips = random.Next(1, 4); flips > 0; flips--)
            {
                damaged[random.Next(damaged.Length)] ^= (byte)(1 << random.Next(8));
            }

            refused += IsRefused(folder.Write(name, damaged)) ? 1 : 0;
        }

        Assert.InRange(refused, rounds * Longer / 10, rounds * Longer);
    }

    [Fact]
    public void Pickles_of_random_instructions_are_refused_or_harmless()
    {
        // Biased to bytes that mean something, so that the random instructions get further than uniform ones.
        var codes = "(.NJKMGX]ae}su)thjqrcRbQio"u8.ToArray()
            .Concat(new byte[] { 0x80, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8c, 0x93, 0x94, 0x95, 0x81, 0x92, 0, 1 })
            .ToArray();
        var random = new Random(Seed);
        using var folder = new TemporaryFolder();
        for (var round = 0; round < 2000 * Longer; round++)
        {
            var pickle = new PickleBytes();
            for (var length = random.Next(1, 60); length > 0; length--)
            {
                switch (random.Next(8))
                {
                    case 0: pickle.Global("collections", "OrderedDict"); break;
                    case 1: pickle.Tensor("HalfStorage", "0", 4, 0, [4], [1]); break;
                    case 2: pickle.Text("w"); break;
                    default: pickle.Raw(codes[random.Next(codes.Length)]); break;
                }
            }

            IsRefused(folder.Write("pytorch_model.bin", SmallCheckpoint.Torch(pickle.Code('.').ToArray())));
        }
    }

    [Fact]
    public void Archives_of_absurd_shapes_storages_and_names_are_refused_or_harmless()
    {
        long[] sizes = [0, 1, 2, 3, 4, 5, -1, 1 << 20, int.MaxValue, 1L << 32, long.MaxValue, long.MinValue];
        string[] names = ["m/data/0", "m/data/../0", "../m/data/0", "/etc/passwd", "m\\data\\0", "m/data/0/", "", "m/data.pkl", "m/data/1"];
        var random = new Random(Seed);
        long Size() => random.Next(3) == 0 ? sizes[random.Next(sizes.Length)] : random.Next(5);
        using var folder = new TemporaryFolder();
        for (var round = 0; round < 3000 * Longer; round++)
        {
            long[] shape = [.. Enumerable.Range(0, random.Next(4)).Select(_ => Size())];
            var pickle = new PickleBytes().Code('}').Code('(').Text("w")
                .Tensor("HalfStorage", "0", Size(), Size(), shape, [.. shape.Select(_ => Size())]).Code('u').Code('.');
            var zip = new StoredZip { Zip64 = random.Next(2) == 0 }.Add("m/data.pkl", pickle.ToArray());
            for (var entries = random.Next(1, 4); entries > 0; entries--)
            {
                zip.Add(names[random.Next(3) == 0 ? random.Next(names.Length) : 0], new byte[random.Next(10)], (ushort)(random.Next(8) == 0 ? 8 : 0));
            }

            IsRefused(folder.Write("pytorch_model.bin", zip.ToArray()));
        }
    }

    private static bool IsRefused(string path)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            ReadAll(path);
            return false;
        }
        catch (CheckpointException)
        {
            return true;
        }
        finally
        {
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, MostMemory);
        }
    }

    /// <summary>Opens the file and reads all that it claims to have.</summary>
    private static List<byte[]> ReadAll(string path)
    {
        using var file = CheckpointFile.Open(path);
        var tensors = path.EndsWith(".bin", StringComparison.Ordinal)
            ? TorchArchive.Read(file)
            : SafetensorsReader.Read(file);
        return [.. tensors.Select(tensor =>
        {
            Assert.True(tensor.ByteCount <= file.Length);
            var bytes = new byte[tensor.ByteCount];
            file.ReadExactly(tensor.Location!.Offset, bytes);
            return bytes;
        })];
    }

    private static byte[] TorchOf(int tensors)
    {
        var pickle = new PickleBytes().Code('}').Code('(');
        var zip = new StoredZip();
        for (var i = 0; i < tensors; i++)
        {
            pickle.Text($"layer.{i}.weight").Tensor("HalfStorage", $"{i}", 4, 0, [2, 2], [2, 1]);
        }

        zip.Add("m/data.pkl", pickle.Code('u').Code('.').ToArray());
        for (var i = 0; i < tensors; i++)
        {
            zip.Add($"m/data/{i}", SmallCheckpoint.FourHalves);
        }

        return zip.ToArray();
    }
}
