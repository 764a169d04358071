using System.Diagnostics;
using System.Numerics.Tensors;
using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Decoding;
using MobileVlm.Edge.Inference.Sampling;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Inference.Completions;

/// <summary>One text that is being completed, in slices of time: between two slices the decoder is free for others. One call at
/// a time.</summary>
public sealed class Completion
{
    /// <summary>Tokens of a prompt in one pass. More at once are faster, but a pass cannot be cancelled.</summary>
    private const int PassTokens = 256;

    /// <summary>Tokens in one pass where each gets a row of logits, which take 128 KB each.</summary>
    private const int ScoredPassTokens = 64;

    private readonly TextCompleter _completer;
    private readonly IReadOnlyList<long> _content;
    private readonly VisualTokens? _picture;
    private readonly CompletionOptions _options;
    private readonly GenerationBuffer? _buffer;
    private readonly List<TokenScore> _prompt = [];
    private readonly List<TokenScore> _generated = [];
    private readonly bool _scores;
    private bool _hasBegun;
    private GeneratedText? _result;
    private int _next;

    internal Completion(TextCompleter completer, IReadOnlyList<long> content, VisualTokens? picture, CompletionOptions options)
    {
        (_completer, _content, _picture, _options) = (completer, content, picture, options);
        _scores = options is { ScoresPrompt: true, TopCount: not null } && picture is null;
        if (options.Generation is { } generation)
        {
            _buffer = new GenerationBuffer(completer.Tokenizer, generation, options.OnText);
        }
    }

    /// <summary>Tokens of the prompt, those of a picture included.</summary>
    public int PromptTokens => _content.Count;

    /// <summary>The tokens of the prompt with their probabilities, where they were requested.</summary>
    public IReadOnlyList<TokenScore> Prompt => _prompt;

    /// <summary>The generated tokens with their probabilities, where they were requested.</summary>
    public IReadOnlyList<TokenScore> Generated => _generated;

    /// <summary>Time spent on the prompt.</summary>
    public TimeSpan PromptTime { get; private set; }

    /// <summary>Time spent on generating.</summary>
    public TimeSpan GenerateTime { get; private set; }

    /// <summary>The text, once <see cref="Advance"/> has returned true; empty where none was requested.</summary>
    public GeneratedText Result => _result ?? throw new InvalidOperationException("The text is not finished.");

    /// <summary>Continues for a while, at least one pass.</summary>
    /// <param name="slice">How long; the pass in progress is finished.</param>
    /// <param name="cancel">Ends the text as it is.</param>
    /// <returns>True when the text is finished.</returns>
    /// <exception cref="NonFiniteLogitsException">The model computed NaN or infinity.</exception>
    public bool Advance(TimeSpan slice, CancellationToken cancel)
    {
        var started = Stopwatch.GetTimestamp();
        while (_result is null)
        {
            if (cancel.IsCancellationRequested)
            {
                _result = End(FinishReason.Cancelled);
                break;
            }

            _completer.Protect(Next);
            if (Stopwatch.GetElapsedTime(started) >= slice)
            {
                break;
            }
        }

        return _result is not null;
    }

    private bool Next()
    {
        var started = Stopwatch.GetTimestamp();
        if (!_hasBegun)
        {
            _hasBegun = true;
            if (_scores)
            {
                _prompt.AddRange(_completer.ReuseScores(_content, _options.TopCount!.Value));
                if (_prompt.Count == 0)
                {
                    AddScore(new TokenScore((int)_content[0], null, []));
                }
            }
            else
            {
                _completer.Reuse(_content);
            }
        }

        if (_completer.ContentLength < _content.Count)
        {
            ProcessPrompt();
            PromptTime += Stopwatch.GetElapsedTime(started);
        }
        else
        {
            Take(_completer.Step(_next));
            GenerateTime += Stopwatch.GetElapsedTime(started);
        }

        return true;
    }

    private void ProcessPrompt()
    {
        if (!_scores)
        {
            var logits = _completer.Append(_content, _picture, PassTokens);
            if (_completer.ContentLength == _content.Count)
            {
                Take(logits);
            }

            return;
        }

        var from = _completer.ContentLength;
        var state = _completer.AppendScored(_content, Math.Min(ScoredPassTokens, _content.Count - from));
        for (var i = from; i < _completer.ContentLength; i++)
        {
            if (i + 1 < _content.Count)
            {
                if (i + 1 >= _prompt.Count)
                {
                    AddScore(Score(state.Logits(i - from), (int)_content[i + 1]));
                }
            }
            else
            {
                Take(state.Logits(i - from));
            }
        }
    }

    private void AddScore(TokenScore score)
    {
        _prompt.Add(score);
        _completer.KeepScore(score);
    }

    /// <summary>Chooses the next token.</summary>
    private void Take(ReadOnlySpan<float> logits)
    {
        if (_buffer is null)
        {
            _result = End(FinishReason.Length);
            return;
        }

        _next = _options.Sampler.Choose(logits);
        if (_options.TopCount is not null)
        {
            _generated.Add(Score(logits, _next));
        }

        if (_buffer.Push(_next) is { } finish)
        {
            _result = End(finish);
        }
        else if (_completer.ContentLength >= _completer.Capacity)
        {
            _result = End(FinishReason.Length);
        }
    }

    private GeneratedText End(FinishReason finish) =>
        _buffer?.End(finish) ?? new GeneratedText([], "", finish, TimeSpan.Zero);

    private TokenScore Score(ReadOnlySpan<float> logits, int id)
    {
        var normalizer = LogSoftmax.LogSumExp(logits);
        var top = new (int Id, float LogProbability)[Math.Min(_options.TopCount!.Value, logits.Length)];
        if (top.Length == 1)
        {
            var best = TensorPrimitives.IndexOfMax(logits);
            top[0] = (best, (float)(logits[best] - normalizer));
        }
        else if (top.Length > 1)
        {
            FillTop(logits, normalizer, top);
        }

        return new TokenScore(id, (float)(logits[id] - normalizer), top);
    }

    private static void FillTop(ReadOnlySpan<float> logits, double normalizer, (int Id, float LogProbability)[] top)
    {
        // The smallest of the best is first.
        var best = new PriorityQueue<int, (float Logit, int Order)>(top.Length + 1);
        for (var id = 0; id < logits.Length; id++)
        {
            if (best.Count < top.Length)
            {
                best.Enqueue(id, (logits[id], -id));
            }
            else if (best.TryPeek(out _, out var least) && logits[id] > least.Logit)
            {
                best.EnqueueDequeue(id, (logits[id], -id));
            }
        }

        for (var i = top.Length - 1; i >= 0; i--)
        {
            var id = best.Dequeue();
            top[i] = (id, (float)(logits[id] - normalizer));
        }
    }
}
