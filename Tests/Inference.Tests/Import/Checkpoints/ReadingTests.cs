using MobileVlm.Edge.Inference.Import.Checkpoints;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Tests.Import.Checkpoints.Formats.Torch;

namespace MobileVlm.Edge.Inference.Tests.Import.Checkpoints;

public sealed class ReadingTests
{
    [Fact]
    public void A_missing_tensor_is_named_with_its_nearest()
    {
        using var checkpoint = Checkpoint.Open(GoldenFolder.Path("mobilellama"));
        var fault = Assert.Throws<CheckpointException>(() => checkpoint.Get("model.layers.3.mlp.up_proj.weight"));
        Assert.Contains("'model.layers.3.mlp.up_proj.weight'", fault.Message, StringComparison.Ordinal);
        Assert.Contains("'model.layers.2.mlp.up_proj.weight'", fault.Message, StringComparison.Ordinal);
        Assert.Contains("pytorch_model.bin", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_wrong_shape_is_reported_with_both_shapes()
    {
        using var checkpoint = Checkpoint.Open(GoldenFolder.Path("mobilellama"));
        var fault = Assert.Throws<CheckpointException>(() => checkpoint.Get("lm_head.weight", 32000, 2048));
        Assert.Contains("[800,64]", fault.Message, StringComparison.Ordinal);
        Assert.Contains("[32000,2048]", fault.Message, StringComparison.Ordinal);
        Assert.Equal(checkpoint.WeightFiles[0], fault.File);
    }

    [Theory]
    [InlineData("HalfStorage")]
    [InlineData("BFloat16Storage")]
    public void Every_value_of_a_half_width_type_widens_exactly(string storage)
    {
        // Once through all 65536 values; padded so that the pieces in which it reads meet inside.
        const int count = (1 << 20) + 65536;
        var stored = new byte[2 * count];
        for (var i = 0; i < count; i++)
        {
            BitConverter.TryWriteBytes(stored.AsSpan(2 * i), (ushort)i);
        }

        using var folder = SmallCheckpoint.WithTorch(
            SmallCheckpoint.Torch(PickleBytes.Of("w", storage, count, [count], [1]), stored));
        using var checkpoint = Checkpoint.Open(folder.Path);
        var values = new float[count];
        checkpoint.Read(checkpoint.Get("w", count), values);
        for (var i = 0; i < count; i++)
        {
            var expected = storage == "HalfStorage"
                ? (float)BitConverter.UInt16BitsToHalf((ushort)i)
                : BitConverter.UInt32BitsToSingle((uint)(ushort)i << 16);
            if (!expected.Equals(values[i]))
            {
                Assert.Fail($"0x{(ushort)i:x4} became {values[i]}, not {expected}.");
            }
        }
    }

    [Fact]
    public void Raw_bytes_can_be_read_in_pieces()
    {
        using var checkpoint = Checkpoint.Open(GoldenFolder.Path("mobilellama"));
        var tensor = checkpoint.Get("lm_head.weight");
        var whole = new byte[tensor.ByteCount];
        checkpoint.ReadRaw(tensor, whole);
        var piece = new byte[1000];
        checkpoint.ReadRaw(tensor, piece, firstByte: 777);
        Assert.Equal(whole[777..1777], piece);
        checkpoint.ReadRaw(tensor, piece, firstByte: tensor.ByteCount - 1000);
        Assert.Throws<ArgumentException>(() => checkpoint.ReadRaw(tensor, piece, tensor.ByteCount - 999));
        Assert.Throws<ArgumentOutOfRangeException>(() => checkpoint.ReadRaw(tensor, piece, -1));
    }

    [Fact]
    public void A_destination_that_is_too_small_is_refused_before_anything_is_read()
    {
        using var checkpoint = Checkpoint.Open(GoldenFolder.Path("mobilellama"));
        var tensor = checkpoint.Get("model.norm.weight", 64);
        Assert.Throws<ArgumentException>(() => checkpoint.Read(tensor, new float[63]));
    }

    [Fact]
    public void Another_checkpoints_tensor_is_refused()
    {
        using var one = Checkpoint.Open(GoldenFolder.Path("mobilellama"));
        using var other = Checkpoint.Open(GoldenFolder.Path("llama-gqa"));
        Assert.Throws<ArgumentException>(() => one.Read(other.Get("model.norm.weight"), new float[64]));
    }

    [Fact]
    public void After_disposal_nothing_reads_and_disposing_again_is_harmless()
    {
        var checkpoint = Checkpoint.Open(GoldenFolder.Path("mobilellama"));
        var tensor = checkpoint.Get("model.norm.weight");
        checkpoint.Dispose();
        checkpoint.Dispose();
        Assert.Throws<ObjectDisposedException>(() => checkpoint.Read(tensor, new float[64]));
    }

    [Fact]
    public void Reading_from_many_threads_gives_the_same_values()
    {
        using var checkpoint = Checkpoint.Open(GoldenFolder.Path("mobilellama"));
        var tensors = checkpoint.Tensors.Values.Where(tensor => tensor.Type == ElementType.Float16).ToArray();
        var alone = tensors.Select(tensor => Values(checkpoint, tensor)).ToArray();
        Parallel.For(0, 8 * tensors.Length, i =>
            Assert.Equal(alone[i % tensors.Length], Values(checkpoint, tensors[i % tensors.Length])));
    }

    [Fact]
    public void A_file_that_shrinks_while_open_never_gives_short_data()
    {
        using var folder = TemporaryFolder.CopyOf("mobilellama");
        using var checkpoint = Checkpoint.Open(folder.Path);
        using (var stream = new FileStream(folder["pytorch_model.bin"], FileMode.Open, FileAccess.Write,
            FileShare.ReadWrite))
        {
            stream.SetLength(1000);
        }

        var fault = Assert.Throws<CheckpointException>(() => Values(checkpoint, checkpoint.Get("lm_head.weight")));
        Assert.Contains("truncated", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_refused_checkpoint_leaves_no_file_open()
    {
        using var folder = TemporaryFolder.CopyOf("mobilevlm-v2");
        folder.Write("pytorch_model-00002-of-00002.bin", "PK");
        SmallCheckpoint.Refused(folder);

        // FileShare.None fails as long as a handle of this process is open.
        using var exclusive = new FileStream(
            folder["pytorch_model-00001-of-00002.bin"], FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        Assert.True(exclusive.Length > 0);
    }

    private static float[] Values(Checkpoint checkpoint, CheckpointTensor tensor)
    {
        var values = new float[tensor.Count];
        checkpoint.Read(tensor, values);
        return values;
    }
}
