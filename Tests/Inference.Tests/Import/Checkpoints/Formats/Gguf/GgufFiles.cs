using System.Security.Cryptography;
using System.Text.Json;
using MobileVlm.Edge.Inference.Import.Checkpoints;

namespace MobileVlm.Edge.Inference.Tests.Import.Checkpoints.Formats.Gguf;

/// <summary>The golden GGUF files, and what an independent reader found in them.</summary>
internal static class GgufFiles
{
    public static string Path(params string[] parts) => GoldenFolder.Path(["gguf", .. parts]);

    /// <summary>Every tensor of a pair, hashed as float32, against a file of hashes by the names of a checkpoint.</summary>
    public static void AssertHashes(Checkpoint checkpoint, string hashes)
    {
        using var expected = JsonDocument.Parse(File.ReadAllText(hashes));
        var tensors = expected.RootElement.GetProperty("tensors").EnumerateObject().ToList();
        Assert.NotEmpty(tensors);
        Assert.All(tensors, entry =>
        {
            var tensor = checkpoint.Get(TensorNames.Normalise(entry.Name, isTower: false));
            Assert.Equal(entry.Value.GetProperty("shape").EnumerateArray().Select(d => d.GetInt64()), tensor.Shape);
            var values = new float[tensor.Count];
            checkpoint.Read(tensor, values);
            Assert.Equal(entry.Value.GetProperty("f32_sha256").GetString(), Hash(values));

            // In pieces that begin and end within blocks.
            var pieces = new float[tensor.Count];
            for (var at = 0; at < pieces.Length; at += 37)
            {
                checkpoint.Read(tensor, at, pieces.AsSpan(at, Math.Min(37, pieces.Length - at)));
            }

            Assert.Equal(values, pieces);
        });
    }

    private static string Hash(float[] values)
    {
        var bytes = new byte[values.Length * sizeof(float)];
        Buffer.BlockCopy(values, 0, bytes, 0, bytes.Length);
        return Convert.ToHexStringLower(SHA256.HashData(bytes));
    }
}
