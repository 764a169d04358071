using MobileVlm.Edge.Inference.Import.Checkpoints;
using MobileVlm.Edge.Inference.Import.Checkpoints.Formats.Gguf;

namespace MobileVlm.Edge.Inference.Tests.Import.Checkpoints.Formats.Gguf;

/// <summary>Every damaged GGUF file is refused with an error of the reader or is harmless: no other exception, no hang, no value from outside the
/// file, no memory for what a file only claims to have.</summary>
public sealed class DamagedGgufTests
{
    private const int Seed = 20240305;

    /// <summary>Most that opening a small model and reading all of it may allocate.</summary>
    private const long MostMemory = 32L * 1024 * 1024;

    [Fact]
    public void A_small_file_cut_at_any_byte_is_refused()
    {
        var whole = File.ReadAllBytes(GgufFiles.Path("bad", "good.gguf"));
        using var folder = new TemporaryFolder();

        // Behind the last tensor is padding, which may be missing.
        using var good = CheckpointFile.Open(folder.Write("good.gguf", whole));
        var last = GgufHeader.Read(good).Tensors[^1];
        for (var length = 0; length < last.Offset + last.ByteCount; length++)
        {
            var path = folder.Write("cut.gguf", whole[..length]);
            using var file = CheckpointFile.Open(path);
            Assert.Equal(path, Assert.Throws<CheckpointException>(() => GgufHeader.Read(file)).File);
        }
    }

    [Theory]
    [InlineData("mobilevlm-v1", "lm.q4_0.gguf", 400)]
    [InlineData("llama-gqa", "lm.big.gguf", 200)]
    public void A_damaged_decoder_is_refused_or_harmless(string golden, string name, int rounds)
    {
        var whole = File.ReadAllBytes(GgufFiles.Path(golden, name));
        Run(rounds, whole, path => Checkpoint.Open(path));
    }

    [Fact]
    public void A_damaged_mmproj_file_is_refused_or_harmless() => Run(
        400,
        File.ReadAllBytes(GgufFiles.Path("mobilevlm-v1", "mmproj.q8_0.gguf")),
        path => Checkpoint.Open(new CheckpointSource(GgufFiles.Path("mobilevlm-v1", "lm.q4_0.gguf")) { Mmproj = path }));

    /// <summary>A file of several gigabytes may consist of keys alone.</summary>
    [Fact]
    public void A_header_has_a_largest_size()
    {
        const int Text = 16 << 20;
        byte[] start = [.. "GGUF"u8, 3, 0, 0, 0, .. new byte[8], 99, .. new byte[7]];
        byte[] key = [1, .. new byte[7], 0, 8, 0, 0, 0, .. BitConverter.GetBytes((long)Text)];
        var period = key.Length + Text;
        void Read(long offset, Span<byte> destination)
        {
            for (var i = 0; i < destination.Length; i++)
            {
                var at = offset + i - start.Length;
                var (number, inside) = at < 0 ? (0, 0) : ((int)(at / period), (int)(at % period));
                destination[i] = at < 0 ? start[offset + i] : inside == 8 ? (byte)(65 + number) : inside < key.Length ? key[inside] : (byte)32;
            }
        }

        var error = Assert.Throws<CheckpointException>(() => GgufHeader.Read("m.gguf", 4L << 30, Read));
        Assert.Contains("has a header of more than 256 MiB", error.Message, StringComparison.Ordinal);
    }

    private static void Run(int rounds, byte[] whole, Func<string, Checkpoint> open)
    {
        ulong[] numbers = [0, 1, 2, 31, 32, 33, 255, 256, 65535, 1UL << 20, 1UL << 31, 1UL << 32, 1UL << 40, 1UL << 62, 1UL << 63, ulong.MaxValue];
        var header = (int)HeaderLength(whole);
        var random = new Random(Seed);
        using var folder = new TemporaryFolder();
        var refused = 0;
        for (var round = 0; round < rounds * DamagedFileTests.Longer; round++)
        {
            var damaged = whole.ToArray();
            for (var changes = random.Next(1, 4); changes > 0; changes--)
            {
                var at = random.Next(header - 8);
                switch (random.Next(5))
                {
                    case 0: damaged[at] ^= (byte)(1 << random.Next(8)); break;
                    case 1: damaged[at] = (byte)random.Next(256); break;
                    case 2: BitConverter.TryWriteBytes(damaged.AsSpan(at), numbers[random.Next(numbers.Length)]); break;
                    case 3: BitConverter.TryWriteBytes(damaged.AsSpan(at), (uint)numbers[random.Next(numbers.Length)]); break;
                    default: damaged.AsSpan(random.Next(header - 64), 32).CopyTo(damaged.AsSpan(random.Next(header - 64))); break;
                }
            }

            refused += IsRefused(folder.Write("m.gguf", damaged), open) ? 1 : 0;
        }

        Assert.InRange(refused, rounds * DamagedFileTests.Longer / 10, rounds * DamagedFileTests.Longer);
    }

    private static bool IsRefused(string path, Func<string, Checkpoint> open)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            using var checkpoint = open(path);
            foreach (var tensor in checkpoint.Tensors.Values)
            {
                checkpoint.Read(tensor, new float[tensor.Count]);
            }

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

    private static long HeaderLength(byte[] whole) =>
        GgufHeader.Read("whole", whole.Length, (offset, destination) => whole.AsSpan((int)offset, destination.Length).CopyTo(destination)).Tensors[0].Offset;
}
