using MobileVlm.Edge.Inference.Import.Checkpoints;

namespace MobileVlm.Edge.Inference.Tests.Import.Checkpoints.Formats.Torch;

public sealed class TorchArchiveTests
{
    private static readonly byte[] Pickle = PickleBytes.Of("w", "HalfStorage", 4, [2, 2], [2, 1]);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_archive_reads_with_and_without_ZIP64_records(bool zip64)
    {
        using var folder = SmallCheckpoint.WithTorch(
            new StoredZip { Zip64 = zip64 }.Add("m/data.pkl", Pickle).Add("m/data/0", SmallCheckpoint.FourHalves)
                .ToArray());
        AssertReads(folder);
    }

    [Fact]
    public void A_tensor_beyond_four_gigabytes_reads()
    {
        using var folder = SmallCheckpoint.WithTorch([]);
        using (var stream = File.Create(folder["pytorch_model.bin"]))
        {
            // The gap is a hole in a sparse file; it takes no space.
            new StoredZip { Zip64 = true }.Add("m/data.pkl", Pickle).Add("m/data/0", SmallCheckpoint.FourHalves)
                .WriteTo(stream, gapBeforeLast: 5L << 30);
        }

        AssertReads(folder);
    }

    [Fact]
    public void A_compressed_entry_is_refused()
    {
        var fault = Refuse(new StoredZip().Add("m/data.pkl", Pickle).Add("m/data/0", new byte[8], method: 8));
        Assert.Contains("'m/data/0' is compressed", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_encrypted_entry_is_refused() => Assert.Contains(
        "encrypted",
        Refuse(new StoredZip().Add("m/data.pkl", Pickle).Add("m/data/0", new byte[8], flags: 1)).Message,
        StringComparison.Ordinal);

    [Fact]
    public void An_entry_that_is_listed_twice_is_refused() => Assert.Contains(
        "'m/data/0' twice",
        Refuse(new StoredZip().Add("m/data.pkl", Pickle).Add("m/data/0", new byte[8]).Add("m/data/0", new byte[8]))
            .Message,
        StringComparison.Ordinal);

    [Fact]
    public void Two_pickles_are_refused() => Assert.Contains(
        "2 data.pkl",
        Refuse(new StoredZip().Add("m/data.pkl", Pickle).Add("n/data.pkl", Pickle).Add("m/data/0", new byte[8]))
            .Message,
        StringComparison.Ordinal);

    [Fact]
    public void A_missing_storage_is_named() => Assert.Contains(
        "'m/data/0', which is missing", Refuse(new StoredZip().Add("m/data.pkl", Pickle)).Message,
        StringComparison.Ordinal);

    [Fact]
    public void Big_endian_weights_are_refused() => Assert.Contains(
        "byte order 'big'",
        Refuse(new StoredZip().Add("m/data.pkl", Pickle).Add("m/data/0", new byte[8]).Add("m/byteorder", "big"u8.ToArray()))
            .Message,
        StringComparison.Ordinal);

    [Fact]
    public void A_pickle_of_more_than_64_MiB_is_refused()
    {
        using var folder = SmallCheckpoint.WithTorch([]);
        using (var stream = File.Create(folder["pytorch_model.bin"]))
        {
            new StoredZip().Add("m/data.pkl", new byte[(64 << 20) + 1]).WriteTo(stream);
        }

        Assert.Contains("is the most", SmallCheckpoint.Refused(folder).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_format_before_PyTorch_1_6_is_explained()
    {
        byte[] legacy = [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e];
        Assert.Contains(
            "before 1.6", SmallCheckpoint.Refused("pytorch_model.bin", legacy).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n", "git lfs pull")]
    [InlineData("<!doctype html><html></html>", "web page")]
    [InlineData("not weights at all", "not a file that torch.save wrote")]
    [InlineData("", "truncated")]
    public void Placeholders_for_weights_are_recognised(string content, string message) => Assert.Contains(
        message,
        SmallCheckpoint.Refused("pytorch_model.bin", System.Text.Encoding.ASCII.GetBytes(content)).Message,
        StringComparison.Ordinal);

    [Fact]
    public void An_entry_whose_two_headers_disagree_about_its_name_is_refused()
    {
        var file = new StoredZip().Add("m/data.pkl", Pickle).Add("m/data/0", SmallCheckpoint.FourHalves).ToArray();
        file[30] = (byte)'x';
        Assert.Contains("not where", SmallCheckpoint.Refused("pytorch_model.bin", file).Message, StringComparison.Ordinal);
    }

    private static CheckpointException Refuse(StoredZip zip) =>
        SmallCheckpoint.Refused("pytorch_model.bin", zip.ToArray());

    private static void AssertReads(TemporaryFolder folder)
    {
        using var checkpoint = Checkpoint.Open(folder.Path);
        var values = new float[4];
        checkpoint.Read(checkpoint.Get("w", 2, 2), values);
        Assert.Equal([1, 2, 3, 4], values);
    }
}
