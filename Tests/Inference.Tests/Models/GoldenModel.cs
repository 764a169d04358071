using System.Collections.Concurrent;
using System.Text.Json;
using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Decoding;
using MobileVlm.Edge.Inference.Import;
using MobileVlm.Edge.Inference.Import.Precision;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Sessions;
using MobileVlm.Edge.Inference.Tests.Images;
using MobileVlm.Edge.Inference.Text;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Inference.Tests.Models;

/// <summary>A golden checkpoint imported once for all tests of a run, with its sessions.</summary>
internal sealed class GoldenModel
{
    private static readonly ConcurrentDictionary<(string, string, string, bool), Lazy<GoldenModel>> Opened = new();
    private static readonly string Root = Directory.CreateTempSubdirectory("mobilevlm-golden-").FullName;

    static GoldenModel() => AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(Root, recursive: true);

    private GoldenModel(string name, string decoder, string vision, bool cuda)
    {
        Folder = ModelImporter.Import(
            GoldenFolder.Path(name),
            Path.Combine(Root, $"{name}-{decoder}-{vision}-{cuda}"),
            cuda ? PrecisionPlan.Parse(decoder, vision).OnCuda() : PrecisionPlan.Parse(decoder, vision));
        Decoder = new LanguageDecoder(Folder, new ExecutionSettings(1));
        Tokenizer = LlamaTextTokenizer.Open(Folder);
        if (Folder.Manifest.Vision is not null)
        {
            Vision = new VisionEncoder(Folder, new ExecutionSettings(1));
        }
    }

    public ModelFolder Folder { get; }

    public LanguageDecoder Decoder { get; }

    public LlamaTextTokenizer Tokenizer { get; }

    public VisionEncoder? Vision { get; }

    /// <summary>The encoder keeps its input buffer, so tests use it one at a time.</summary>
    public Lock VisionTurn { get; } = new();

    public static GoldenModel Get(string name, string decoder = "fp32", string vision = "fp32", bool cuda = false) => Opened.GetOrAdd(
        (name, decoder, vision, cuda), key => new Lazy<GoldenModel>(() => new GoldenModel(key.Item1, key.Item2, key.Item3, key.Item4))).Value;

    public QuestionAnswerer Answerer() => new(Folder, Decoder, 512);

    /// <summary>Visual tokens of a picture of a golden folder.</summary>
    public VisualTokens Encode(string folder, string image)
    {
        var picture = TestPicture.Load(GoldenFolder.Path(folder, image));
        lock (VisionTurn)
        {
            return Vision!.Encode(picture.Image);
        }
    }
}

/// <summary>One case of a golden folder's <c>expected.json</c>.</summary>
internal sealed record GoldenCase(
    string? Image, string? Question, string? Prompt, int[]? Before_ids, int[]? After_ids, int[]? Prompt_ids, int[] Greedy_ids, string Text)
{
    private static readonly JsonSerializerOptions Options = new() { PropertyNameCaseInsensitive = true };

    public static GoldenCase[] Load(string name) =>
        JsonSerializer.Deserialize<GoldenCase[]>(File.ReadAllText(GoldenFolder.Path(name, "expected.json")), Options)!;
}
