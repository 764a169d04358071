using MobileVlm.Edge.Inference.Decoding;
using MobileVlm.Edge.Inference.Sampling;

namespace MobileVlm.Edge.Inference.Evaluation;

/// <summary>Perplexity of a decoder on token ids.</summary>
/// <param name="Perplexity">e to the mean negative logarithm of the probabilities of the predicted tokens.</param>
/// <param name="Error">Standard error of the perplexity as llama-perplexity states it: perplexity * sqrt((mean of the squared
/// negative logarithms - square of their mean) / (predictions - 1)). Neighbouring tokens depend on each other, so the true one
/// is somewhat larger.</param>
/// <param name="Windows">Number of windows that were measured.</param>
/// <param name="Predictions">Number of predicted tokens.</param>
/// <param name="Tokens">Number of ids in the text, including those outside the windows.</param>
public sealed record PerplexityResult(double Perplexity, double Error, int Windows, int Predictions, int Tokens);

/// <summary>Measures perplexity in windows, as llama-perplexity does: the text is cut into windows of equal length, the first
/// token of each is replaced by the begin token, the tokens of the first half are only context, those of the second half are
/// predicted. What is left behind the last window is not used.</summary>
/// <param name="decoder">The decoder. Opened with <see cref="Sessions.ExecutionSettings.UsePrefill"/> and with prefill weights in its
/// folder, these are measured; otherwise the decode weights, which write every token of an answer.</param>
/// <param name="beginId">The begin token.</param>
/// <param name="windowLength">Tokens of a window, <see cref="MinWindowLength"/> to <see cref="LanguageDecoder.MaxPositions"/>.</param>
public sealed class PerplexityMeter(LanguageDecoder decoder, int beginId, int windowLength = PerplexityMeter.DefaultWindowLength)
{
    public const int DefaultWindowLength = 512;

    /// <summary>Below this, a prediction has hardly any context.</summary>
    public const int MinWindowLength = 8;

    private const int DefaultMaxPassTokens = 512;

    private readonly int _windowLength = windowLength >= MinWindowLength && windowLength <= decoder.MaxPositions
        ? windowLength
        : throw new ArgumentOutOfRangeException(
            nameof(windowLength), windowLength, $"A window has {MinWindowLength} to {decoder.MaxPositions} tokens.");

    /// <summary>Largest number of tokens in a pass: many rows make products fast, and the logits of 512 rows take 64 MB with a
    /// vocabulary of 32000.</summary>
    internal int MaxPassTokens { get; init; } = DefaultMaxPassTokens;

    /// <summary>Number of windows in a text.</summary>
    /// <param name="tokens">Number of its tokens.</param>
    public int WindowsIn(int tokens) => tokens / _windowLength;

    /// <summary>Measures the first windows of a text.</summary>
    /// <param name="ids">The text, without a begin token; at least one window.</param>
    /// <param name="maxWindows">Largest number of windows.</param>
    /// <param name="progress">Called after each window with what was found so far.</param>
    /// <param name="cancel">Stops between two passes.</param>
    /// <exception cref="ArgumentException">There is not one whole window.</exception>
    /// <exception cref="NonFiniteLogitsException">The model gives NaN or infinity.</exception>
    public PerplexityResult Measure(
        ReadOnlySpan<int> ids, int maxWindows = int.MaxValue, Action<PerplexityResult>? progress = null, CancellationToken cancel = default)
    {
        var windows = Math.Min(maxWindows, WindowsIn(ids.Length));
        if (windows == 0)
        {
            throw new ArgumentException($"{ids.Length} tokens are less than one window of {_windowLength}.", nameof(ids));
        }

        using var state = decoder.CreateState(_windowLength, minPrefillTokens: 1);
        var sums = new Sums();
        var window = new int[_windowLength];
        for (var i = 0; ; i++)
        {
            ids.Slice(i * _windowLength, _windowLength).CopyTo(window);
            window[0] = beginId;
            state.Rewind(0);
            AddWindow(state, window, ref sums, cancel);
            var found = sums.Result(i + 1, ids.Length);
            progress?.Invoke(found);
            if (i + 1 == windows)
            {
                return found;
            }
        }
    }

    private void AddWindow(DecoderState state, int[] window, ref Sums sums, CancellationToken cancel)
    {
        // The last token predicts nothing within its window.
        var (half, inputs) = (window.Length / 2, window.Length - 1);
        for (var from = 0; from < inputs;)
        {
            cancel.ThrowIfCancellationRequested();
            var count = Math.Min(MaxPassTokens, inputs - from);
            var first = Math.Clamp(half, from, from + count);
            var requested = from + count - first;
            state.Append([new SequenceTokens(0, window.AsMemory(from, count), requested)]);

            // Summed up in the order of the text, so that the result does not depend on the number of threads.
            var logarithms = new double[requested];
            Parallel.For(0, requested, row => logarithms[row] = LogSoftmax.At(state.Logits(row), window[first + row + 1]));
            foreach (var logarithm in logarithms)
            {
                sums.Add(-logarithm);
            }

            from += count;
        }
    }

    private struct Sums
    {
        private double _sum;
        private double _squares;
        private int _count;

        public void Add(double negativeLogarithm)
        {
            _sum += negativeLogarithm;
            _squares += negativeLogarithm * negativeLogarithm;
            _count++;
        }

        public readonly PerplexityResult Result(int windows, int tokens)
        {
            var mean = _sum / _count;
            var variance = Math.Max(0, (_squares / _count) - (mean * mean));
            var perplexity = Math.Exp(mean);
            return new PerplexityResult(perplexity, perplexity * Math.Sqrt(variance / (_count - 1)), windows, _count, tokens);
        }
    }
}
