using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;
using MobileVlm.Edge.Inference.Import.Checkpoints;
using MobileVlm.Edge.Inference.Tests.Import.Checkpoints.Formats.Torch;

namespace MobileVlm.Edge.Inference.Tests.Import.Checkpoints;

/// <summary>The smallest folders that open, and ways to make them wrong.</summary>
internal static class SmallCheckpoint
{
    public const string TextConfig = """
        { "architectures": ["LlamaForCausalLM"], "hidden_size": 8, "intermediate_size": 16, "num_hidden_layers": 1,
          "num_attention_heads": 2, "vocab_size": 16, "max_position_embeddings": 32 }
        """;

    /// <summary>Four float16 elements: 1, 2, 3, 4.</summary>
    public static readonly byte[] FourHalves = [0x00, 0x3c, 0x00, 0x40, 0x00, 0x42, 0x00, 0x44];

    public static byte[] Torch(byte[] pickle, byte[]? data = null) =>
        new StoredZip().Add("m/data.pkl", pickle).Add("m/data/0", data ?? FourHalves)
            .Add("m/version", "3\n"u8.ToArray()).ToArray();

    public static byte[] Safetensors(string header, int dataBytes)
    {
        var utf8 = Encoding.UTF8.GetBytes(header);
        var file = new byte[8 + utf8.Length + dataBytes];
        BinaryPrimitives.WriteInt64LittleEndian(file, utf8.Length);
        utf8.CopyTo(file, 8);
        return file;
    }

    public static TemporaryFolder WithTorch(byte[] file) => With("pytorch_model.bin", file);

    public static TemporaryFolder With(string weights, byte[] file)
    {
        var folder = new TemporaryFolder();
        folder.Write("config.json", TextConfig);
        folder.Write(weights, file);
        return folder;
    }

    /// <summary>Opens the file as weights of a text model and expects to be refused.</summary>
    public static CheckpointException Refused(string weights, byte[] file)
    {
        using var folder = With(weights, file);
        return Refused(folder);
    }

    public static CheckpointException Refused(TemporaryFolder folder) =>
        Assert.Throws<CheckpointException>(() => Checkpoint.Open(folder.Path).Dispose());

    /// <summary>Changes keys of a JSON file; null removes the key, JSON text is parsed.</summary>
    public static void Edit(string path, string key, string? json)
    {
        var root = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        root.Remove(key);
        if (json is not null)
        {
            root.Add(key, JsonNode.Parse(json));
        }

        File.WriteAllText(path, root.ToJsonString());
    }
}
