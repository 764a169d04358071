using System.Text;
using System.Text.Json.Nodes;
using MobileVlm.Edge.Inference.Import;
using MobileVlm.Edge.Inference.Import.Checkpoints;
using MobileVlm.Edge.Inference.Import.Precision;
using MobileVlm.Edge.Inference.Import.Quantization;

namespace MobileVlm.Edge.Inference.Tests.Import.Checkpoints;

/// <summary>Fuzzes the files that name the weights and give their sizes: with any configuration and index, a checkpoint is
/// refused with an error of the reader or is whole enough for all graphs to be built, and nothing outside its folder is opened.</summary>
public sealed class DamagedFolderTests
{
    private const int Seed = 20240301;
    private const string Index = "pytorch_model.bin.index.json";

    /// <summary>Most that opening a small checkpoint and building its graphs may allocate; 6 MiB are usual.</summary>
    private const long MostMemory = 64L * 1024 * 1024;

    private static readonly int Longer = DamagedFileTests.Longer;

    private static readonly string[] Values =
    [
        "0", "-1", "1", "2", "3", "7", "64", "1023", "65536", "131072", "1048576", "4194304", "2147483647", "2147483648", "9223372036854775807",
        "18446744073709551616", "1e308", "1e999", "-0.0", "0.5", "1e-45", "null", "true", "false", "\"\"", "\"ldpnet\"", "\"gelu\"",
        "\"..\"", "\"/etc\"", "\"vision_tower\"", "\"a\\u0000b\"", "\"\\ud800\"", "[]", "{}", "[1]", "[1,2,3]", "[\"LlamaForCausalLM\"]",
        "[[[[[[[[[[]]]]]]]]]]", "{\"rope_type\":\"linear\"}",
    ];

    private static readonly string[] Names =
    [
        "pytorch_model-00001-of-00002.bin", "pytorch_model-00002-of-00002.bin", "../pytorch_model.bin", "/etc/passwd", "..", ".", "",
        "vision_tower", "vision_tower/config.json", "config.json", "tokenizer.model", Index, "a\\u0000b", "\\ud800", "C:\\\\x.bin", "sub/../../x.bin", "no.bin",
    ];

    [Theory]
    [InlineData("mobilevlm-v2", "config.json", 1000)]
    [InlineData("mobilevlm-v2", "vision_tower/config.json", 500)]
    [InlineData("mobilevlm-v1-separate-tower", "config.json", 500)]
    [InlineData("llama-gqa", "config.json", 500)]
    public void Configurations_of_absurd_values_are_refused_or_harmless(string golden, string file, int rounds)
    {
        using var folder = TemporaryFolder.CopyOf(golden);
        var whole = File.ReadAllText(folder[file]);
        var keys = JsonNode.Parse(whole)!.AsObject().Select(p => p.Key).Append("head_dim").Append("attention_bias").ToArray();
        var random = new Random(Seed);
        for (var round = 0; round < rounds * Longer; round++)
        {
            var root = JsonNode.Parse(whole)!.AsObject();
            var text = root;
            for (var changes = random.Next(1, 4); changes > 0; changes--)
            {
                // Some values are not JSON that a node can hold; they stay texts until the file is written.
                text[keys[random.Next(keys.Length)]] = $"@{random.Next(Values.Length)}@";
            }

            folder.Write(file, Damage(Fill(text.ToJsonString(), Values, quoted: true), random));
            Try(folder);
        }
    }

    [Theory]
    [InlineData(1000)]
    public void Indexes_of_absurd_names_are_refused_or_harmless(int rounds)
    {
        using var folder = TemporaryFolder.CopyOf("mobilevlm-v2");
        var map = JsonNode.Parse(File.ReadAllText(folder[Index]))!["weight_map"]!.AsObject();
        var tensors = map.Select(p => (p.Key, Shard: (string)p.Value!)).ToArray();
        var random = new Random(Seed);
        for (var round = 0; round < rounds * Longer; round++)
        {
            var entries = tensors.ToList();
            for (var changes = random.Next(1, 4); changes > 0; changes--)
            {
                var at = random.Next(entries.Count);
                switch (random.Next(4))
                {
                    case 0: entries.RemoveAt(at); break;
                    case 1: entries.Add(entries[at]); break;
                    case 2: entries[at] = ($"@{random.Next(Names.Length)}@", entries[at].Shard); break;
                    default: entries[at] = (entries[at].Key, $"@{random.Next(Names.Length)}@"); break;
                }
            }

            var text = new StringBuilder("{\"metadata\":{},\"weight_map\":{")
                .AppendJoin(',', entries.Select(e => $"\"{e.Key}\":\"{e.Shard}\"")).Append("}}").ToString();
            folder.Write(Index, Damage(Fill(text, Names, quoted: false), random));
            Try(folder);
        }
    }

    private static string Fill(string text, string[] values, bool quoted)
    {
        for (var i = 0; i < values.Length; i++)
        {
            text = text.Replace(quoted ? $"\"@{i}@\"" : $"@{i}@", values[i], StringComparison.Ordinal);
        }

        return text;
    }

    /// <summary>Every fourth text is cut or has bits flipped, too.</summary>
    private static byte[] Damage(string text, Random random)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        switch (random.Next(8))
        {
            case 0:
                return bytes[..random.Next(bytes.Length)];
            case 1:
                bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
                return bytes;
            default:
                return bytes;
        }
    }

    private static void Try(TemporaryFolder folder)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            using var checkpoint = Checkpoint.Open(folder.Path);
            Assert.All(checkpoint.WeightFiles, file => Assert.StartsWith(folder.Path + "/", file, StringComparison.Ordinal));
            var weights = new CheckpointWeights(checkpoint, progress: null, CancellationToken.None);
            new ImportGraphBuilder(checkpoint, weights, PrecisionPlan.Int4, new ImportanceMatrix())
                .Build(ModelRecipe.First(PrecisionPlan.Int4, checkpoint.Config.Vision is not null));
        }
        catch (CheckpointException e)
        {
            Assert.NotEmpty(e.Message);
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, MostMemory);
    }
}
