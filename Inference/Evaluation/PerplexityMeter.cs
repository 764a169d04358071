using System.Numerics.Tensors;
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

/// <summary>Perplexities of two models on the same text, and the distance of their predictions.</summary>
/// <param name="First">Of the first model.</param>
/// <param name="Second">Of the second model.</param>
/// <param name="MeanDivergence">Mean Kullback-Leibler divergence of the second model's distributions from the first's, in nats.</param>
/// <param name="Divergence95">Its 95th percentile over the predictions.</param>
/// <param name="SameChoices">Share of predictions where the most likely token is the same, 0 to 1.</param>
public sealed record PerplexityComparison(
    PerplexityResult First, PerplexityResult Second, double MeanDivergence, double Divergence95, double SameChoices);

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
        using var state = decoder.CreateState(_windowLength, minPrefillTokens: 1);
        var sums = new Sums();
        PerplexityResult? found = null;
        ForEachWindow(
            ids,
            maxWindows,
            [state],
            (rows, targets) =>
            {
                // Summed up in the order of the text, so that the result does not depend on the number of threads.
                var logarithms = new double[rows];
                Parallel.For(0, rows, row => logarithms[row] = LogSoftmax.At(state.Logits(row), targets.Span[row]));
                foreach (var logarithm in logarithms)
                {
                    sums.Add(-logarithm);
                }
            },
            (windows, tokens) =>
            {
                found = sums.Result(windows, tokens);
                progress?.Invoke(found);
            },
            cancel);
        return found!;
    }

    /// <summary>Measures the first windows of a text with two models of the same tokenizer, and how far their predictions are
    /// apart.</summary>
    /// <param name="other">The second model.</param>
    /// <param name="ids">As for <see cref="Measure"/>.</param>
    /// <param name="maxWindows">Largest number of windows.</param>
    /// <param name="progress">Called after each window with what was found so far of this model.</param>
    /// <param name="cancel">Stops between two passes.</param>
    /// <exception cref="ArgumentException">There is not one whole window, or the vocabularies differ in size.</exception>
    /// <exception cref="NonFiniteLogitsException">A model gives NaN or infinity.</exception>
    public PerplexityComparison Compare(
        LanguageDecoder other,
        ReadOnlySpan<int> ids,
        int maxWindows = int.MaxValue,
        Action<PerplexityResult>? progress = null,
        CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (other.VocabularySize != decoder.VocabularySize)
        {
            throw new ArgumentException($"The vocabularies have {decoder.VocabularySize} and {other.VocabularySize} tokens.", nameof(other));
        }

        using var state = decoder.CreateState(_windowLength, minPrefillTokens: 1);
        using var otherState = other.CreateState(_windowLength, minPrefillTokens: 1);
        var (sums, otherSums) = (new Sums(), new Sums());
        var (divergences, equal) = (new List<double>(), 0);
        var (found, otherFound) = (default(PerplexityResult), default(PerplexityResult));
        ForEachWindow(
            ids,
            maxWindows,
            [state, otherState],
            (rows, targets) =>
            {
                var scores = new PairScore[rows];
                Parallel.For(0, rows, row => scores[row] = PairScore.Of(state.Logits(row), otherState.Logits(row), targets.Span[row]));
                foreach (var score in scores)
                {
                    sums.Add(-score.First);
                    otherSums.Add(-score.Second);
                    divergences.Add(score.Divergence);
                    equal += score.IsSameChoice ? 1 : 0;
                }
            },
            (windows, tokens) =>
            {
                (found, otherFound) = (sums.Result(windows, tokens), otherSums.Result(windows, tokens));
                progress?.Invoke(found);
            },
            cancel);
        divergences.Sort();
        return new PerplexityComparison(
            found!,
            otherFound!,
            divergences.Average(),
            Percentile.Of([.. divergences], 0.95),
            (double)equal / divergences.Count);
    }

    /// <summary>Runs windows through one or several models.</summary>
    /// <param name="ids">The text.</param>
    /// <param name="maxWindows">Largest number of windows.</param>
    /// <param name="states">One of each model.</param>
    /// <param name="onPass">Receives the number of rows of logits that each state has, and the token that follows each.</param>
    /// <param name="onWindow">Receives the number of windows so far and the length of the text.</param>
    /// <param name="cancel">Stops between two passes.</param>
    private void ForEachWindow(
        ReadOnlySpan<int> ids,
        int maxWindows,
        DecoderState[] states,
        Action<int, ReadOnlyMemory<int>> onPass,
        Action<int, int> onWindow,
        CancellationToken cancel)
    {
        var windows = Math.Min(maxWindows, WindowsIn(ids.Length));
        if (windows == 0)
        {
            throw new ArgumentException($"{ids.Length} tokens are less than one window of {_windowLength}.", nameof(ids));
        }

        var window = new int[_windowLength];
        for (var i = 0; i < windows; i++)
        {
            ids.Slice(i * _windowLength, _windowLength).CopyTo(window);
            window[0] = beginId;
            foreach (var state in states)
            {
                state.Rewind(0);
            }

            RunWindow(states, window, onPass, cancel);
            onWindow(i + 1, ids.Length);
        }
    }

    private void RunWindow(DecoderState[] states, int[] window, Action<int, ReadOnlyMemory<int>> onPass, CancellationToken cancel)
    {
        // The last token predicts nothing within its window.
        var (half, inputs) = (window.Length / 2, window.Length - 1);
        for (var from = 0; from < inputs;)
        {
            cancel.ThrowIfCancellationRequested();
            var count = Math.Min(MaxPassTokens, inputs - from);
            var first = Math.Clamp(half, from, from + count);
            var requested = from + count - first;
            foreach (var state in states)
            {
                state.Append([new SequenceTokens(0, window.AsMemory(from, count), requested)]);
            }

            onPass(requested, window.AsMemory(first + 1, requested));
            from += count;
        }
    }

    /// <summary>One prediction of two models.</summary>
    /// <param name="First">ln of the probability of the token that follows, in the first model.</param>
    /// <param name="Second">The same in the second model.</param>
    /// <param name="Divergence">Kullback-Leibler divergence of the second model's distribution from the first's, in nats.</param>
    /// <param name="IsSameChoice">Whether the most likely token is the same.</param>
    private readonly record struct PairScore(double First, double Second, double Divergence, bool IsSameChoice)
    {
        public static PairScore Of(ReadOnlySpan<float> first, ReadOnlySpan<float> second, int target)
        {
            var (p, q) = (LogSoftmax.LogSumExp(first), LogSoftmax.LogSumExp(second));
            var divergence = 0.0;
            for (var i = 0; i < first.Length; i++)
            {
                var (a, b) = (first[i] - p, second[i] - q);
                divergence += Math.Exp(a) * (a - b);
            }

            return new PairScore(
                LogSoftmax.At(first, target), LogSoftmax.At(second, target), Math.Max(0, divergence),
                TensorPrimitives.IndexOfMax(first) == TensorPrimitives.IndexOfMax(second));
        }
    }

    private sealed class Sums
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

        public PerplexityResult Result(int windows, int tokens)
        {
            var mean = _sum / _count;
            var variance = Math.Max(0, (_squares / _count) - (mean * mean));
            var perplexity = Math.Exp(mean);
            return new PerplexityResult(perplexity, perplexity * Math.Sqrt(variance / (_count - 1)), windows, _count, tokens);
        }
    }
}
