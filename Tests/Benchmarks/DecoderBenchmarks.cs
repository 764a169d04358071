using BenchmarkDotNet.Attributes;
using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Decoding;
using MobileVlm.Edge.Inference.Images;
using MobileVlm.Edge.Inference.Sessions;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Benchmarks;

/// <summary>The golden model, whose products are so small that the overhead of each call is measured.</summary>
[MemoryDiagnoser]
public class DecoderBenchmarks
{
    private const int PromptTokens = 200;

    private GoldenFolder _golden = null!;
    private LanguageDecoder _decoder = null!;
    private DecoderState _state = null!;
    private VisionEncoder _encoder = null!;
    private QuestionAnswerer _answerer = null!;
    private Question[] _questions = [];

    [Params(1, 8)]
    public int Questions { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _golden = new GoldenFolder();
        _decoder = new LanguageDecoder(_golden.Folder, new ExecutionSettings(1));
        _state = _decoder.CreateState(PromptTokens + 1);
        _state.Append([.. Enumerable.Range(3, PromptTokens)]);
        _encoder = new VisionEncoder(_golden.Folder, new ExecutionSettings(1));
        _answerer = new QuestionAnswerer(_golden.Folder, _decoder);
        _questions = [.. Enumerable.Range(0, Questions).Select(i => new Question($"Is there a person at gate {i}?", AnswerKind.YesNo))];
        using var tokens = _encoder.Encode(new RgbImage(new byte[640 * 480 * 3], 640, 480));
        _answerer.PrefillPicture(tokens);
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _answerer.Dispose();
        _encoder.Dispose();
        _state.Dispose();
        _decoder.Dispose();
        _golden.Dispose();
    }

    [Benchmark]
    public float Decode_one_token()
    {
        _state.Rewind(PromptTokens);
        return _state.Step(5)[0];
    }

    [Benchmark]
    public int Ask_questions_about_a_primed_picture()
    {
        var answers = 0;
        _answerer.AskAll(_questions, (_, _) => answers++);
        return answers;
    }
}
