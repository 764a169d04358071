using System.Diagnostics;
using System.IO.Compression;
using MobileVlm.Edge.Inference.Import.Checkpoints;
using MobileVlm.Edge.Inference.Import.Synthesis;
using MobileVlm.Edge.Inference.Tests.Import.Checkpoints;

namespace MobileVlm.Edge.Inference.Tests.Import.Synthesis;

/// <summary>What is written as torch.save writes it is read by others, not only by us.</summary>
public sealed class TorchLayoutTests
{
    private static readonly SyntheticTensor[] Tensors =
    [
        new("a.weight", [3, 5], 0.5f), new("b.norm", [7], 0), new("c.conv", [4, 1, 3, 3], 1), new("d.big", [300, 300], 1),
    ];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_archive_reads_back_with_and_without_64_bit_records(bool always64)
    {
        using var folder = SmallCheckpoint.WithTorch(Archive(always64));
        using var checkpoint = Checkpoint.Open(folder.Path);
        foreach (var tensor in Tensors)
        {
            var found = checkpoint.Get(tensor.Name, tensor.Shape);
            Assert.Equal(0, found.Location!.Offset % 64);
            var values = new float[found.Count];
            checkpoint.Read(found, values);
            Assert.All(values, v => Assert.True(tensor.IsNorm ? v == 1 : float.IsFinite(v)));
        }

        using var zip = ZipFile.OpenRead(folder["pytorch_model.bin"]);
        Assert.Equal(
            ["m/data.pkl", "m/byteorder", "m/data/0", "m/data/1", "m/data/2", "m/data/3", "m/version"],
            zip.Entries.Select(e => e.FullName));
        foreach (var entry in zip.Entries)
        {
            using var stream = entry.Open();
            using var bytes = new MemoryStream();
            stream.CopyTo(bytes);
            Assert.Equal(entry.Crc32, Sum(bytes.ToArray()));
        }
    }

    [PythonTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Pythons_own_readers_find_no_fault(bool always64)
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("m.bin", Archive(always64));
        const string Script = """
            import io, pickletools, sys, zipfile
            with zipfile.ZipFile(sys.argv[1]) as archive:
                assert archive.testzip() is None
                out = io.StringIO()
                pickletools.dis(archive.read("m/data.pkl"), out)
                print(out.getvalue().splitlines()[-1])
            """;
        var start = new ProcessStartInfo("python3", ["-c", Script, file]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var python = Process.Start(start)!;
        var output = await python.StandardOutput.ReadToEndAsync();
        Assert.Equal(("highest protocol among opcodes = 2\n", ""), (output, await python.StandardError.ReadToEndAsync()));
    }

    [Fact]
    public void The_sum_is_that_of_ZIP_however_the_bytes_come()
    {
        // The check value that every description of CRC-32 gives.
        Assert.Equal(0xcbf43926u, Sum("123456789"u8.ToArray()));
        Assert.Equal(0xcbf43926u, Sum("1234"u8.ToArray(), "56789"u8.ToArray()));
        Assert.Equal(0u, Sum());
    }

    [Fact]
    public void A_sum_begins_again_where_an_entry_begins()
    {
        using var output = new MemoryStream();
        using var stream = new SummingStream(output);
        stream.Write("head"u8);
        stream.ResetSum();
        stream.Write("123456789"u8);
        Assert.Equal((0xcbf43926u, 13L, "head123456789"), (stream.Sum, stream.Position, System.Text.Encoding.ASCII.GetString(output.ToArray())));
    }

    [Fact]
    public void More_tensors_than_one_batch_of_a_pickle_are_all_read()
    {
        SyntheticTensor[] many = [.. Enumerable.Range(0, 2500).Select(i => new SyntheticTensor($"t{i}", [1], 0))];
        using var folder = SmallCheckpoint.WithTorch(Archive(always64: false, many));
        using var checkpoint = Checkpoint.Open(folder.Path);
        Assert.Equal(2500, checkpoint.Tensors.Count);
    }

    private static uint Sum(params ReadOnlySpan<byte[]> pieces)
    {
        using var stream = new SummingStream(Stream.Null);
        foreach (var piece in pieces)
        {
            stream.Write(piece);
        }

        return stream.Sum;
    }

    private static byte[] Archive(bool always64, SyntheticTensor[]? tensors = null)
    {
        using var stream = new MemoryStream();
        var values = new SyntheticValues(new NoiseBlock(3), outliers: false, (_, _) => { });
        new TorchShardWriter(always64).Write(stream, "m", tensors ?? Tensors, values);
        return stream.ToArray();
    }
}

/// <summary>A test that asks Python, skipped where there is none.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class PythonTheoryAttribute : TheoryAttribute
{
    public PythonTheoryAttribute()
    {
        if (!(Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, "python3"))))
        {
            Skip = "python3 is not installed.";
        }
    }
}
