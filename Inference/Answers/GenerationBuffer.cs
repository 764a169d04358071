using System.Diagnostics;
using MobileVlm.Edge.Inference.Text;

namespace MobileVlm.Edge.Inference.Answers;

/// <summary>Collects the tokens of one text, up to its end token, a stop sequence or its token limit.</summary>
internal sealed class GenerationBuffer
{
    private readonly LlamaTextTokenizer _tokenizer;
    private readonly IncrementalDetokenizer _detokenizer;
    private readonly StopSequenceFilter _stopFilter;
    private readonly int _maxTokens;
    private readonly List<int> _ids = [];
    private readonly long _started = Stopwatch.GetTimestamp();

    public GenerationBuffer(LlamaTextTokenizer tokenizer, GenerationOptions options, Action<string>? onText)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxTokens, 1, nameof(options));
        if (options.StopSequences is { } stops && stops.Any(string.IsNullOrEmpty))
        {
            throw new ArgumentException("A stop sequence has at least one character.", nameof(options));
        }

        (_tokenizer, _maxTokens) = (tokenizer, options.MaxTokens);
        _detokenizer = new IncrementalDetokenizer(tokenizer);
        _stopFilter = new StopSequenceFilter(options.StopSequences ?? [], onText);
    }

    /// <summary>Ids so far.</summary>
    public IReadOnlyList<int> Ids => _ids;

    /// <summary>Adds one id.</summary>
    /// <returns>Why the text ends with it, or null if it continues.</returns>
    public FinishReason? Push(int id)
    {
        _ids.Add(id);
        return id == _tokenizer.EndId || _stopFilter.Append(_detokenizer.Push(id)) ? FinishReason.Stopped
            : _ids.Count == _maxTokens ? FinishReason.Length
            : null;
    }

    /// <summary>Ends the text as it is; nothing is pushed afterwards.</summary>
    public GeneratedText End(FinishReason finish)
    {
        if (!_stopFilter.Stopped)
        {
            _stopFilter.Append(_detokenizer.Finish());
        }

        return new GeneratedText(_ids, _stopFilter.Finish(), finish, Stopwatch.GetElapsedTime(_started));
    }
}
