using BenchmarkDotNet.Attributes;
using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Text;

namespace MobileVlm.Edge.Benchmarks;

/// <summary>Work outside the decoder for one question.</summary>
[MemoryDiagnoser]
public class TextBenchmarks
{
    private GoldenFolder _golden = null!;
    private LlamaTextTokenizer _tokenizer = null!;
    private YesNoScorer _scorer = null!;
    private float[] _logits = [];

    [GlobalSetup]
    public void Setup()
    {
        _golden = new GoldenFolder();
        _tokenizer = LlamaTextTokenizer.Open(_golden.Folder);
        _scorer = YesNoScorer.Create(_tokenizer, _golden.Folder);
        _logits = [.. Enumerable.Range(0, _golden.Folder.Manifest.Language.VocabularySize).Select(i => MathF.Sin(i))];
    }

    [GlobalCleanup]
    public void Cleanup() => _golden.Dispose();

    [Benchmark]
    public int Tokenize_a_question() => _tokenizer.Encode(VicunaPrompt.AfterPicture("Is there a person at the gate?")).Count;

    [Benchmark]
    public double Score_yes_or_no() => _scorer.Score(_logits).Score;
}
