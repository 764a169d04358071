using System.Diagnostics;
using MobileVlm.Edge.Inference.Decoding;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Sessions;

namespace MobileVlm.Edge.Inference.Performance;

/// <summary>Times of one pass through a decoder.</summary>
/// <param name="Tokens">Number of tokens in the pass.</param>
/// <param name="Decode">With the decode weights.</param>
/// <param name="Prefill">With the prefill weights.</param>
public sealed record PassTimes(int Tokens, TimeSpan Decode, TimeSpan Prefill);

/// <summary>Measures from how many tokens per pass a decoder's prefill weights are faster on this machine.</summary>
public static class MachineTuner
{
    /// <summary>Tokens in the cache before those that are timed.</summary>
    private const int PromptTokens = 160;

    /// <summary>Numbers of tokens that are measured: drafts and packed questions, and a picture.</summary>
    public static IReadOnlyList<int> Sizes { get; } = [1, 2, 3, 4, 6, 8, 12, 16, 32, 144];

    /// <summary>Measures one set of weights after the other, so that memory for one more decoder is enough.</summary>
    /// <param name="folder">A model with prefill weights.</param>
    /// <param name="settings">Settings of the sessions.</param>
    /// <param name="repeats">Timed runs of each size, of which the median is taken.</param>
    /// <param name="next">Called before each size of each set.</param>
    public static IReadOnlyList<PassTimes> Measure(ModelFolder folder, ExecutionSettings settings, int repeats, Action<string> next)
    {
        var decode = Times(folder, settings with { UsePrefill = false }, repeats, size => next($"decode weights, {size} tokens"));
        var prefill = Times(
            folder, settings with { UsePrefill = true, MinPrefillTokens = 1 }, repeats, size => next($"prefill weights, {size} tokens"));
        return [.. Sizes.Select((size, i) => new PassTimes(size, decode[i], prefill[i]))];
    }

    /// <summary>Chooses the smallest size from which the prefill weights are faster at every size.</summary>
    public static MachineTuning Choose(IReadOnlyList<PassTimes> rows)
    {
        var slower = rows.LastOrDefault(row => row.Prefill >= row.Decode)?.Tokens ?? 0;
        return new MachineTuning
        {
            MeasuredOn = MachineTuning.ThisMachine,
            PrefillFrom = rows.FirstOrDefault(row => row.Tokens > slower)?.Tokens,
        };
    }

    private static List<TimeSpan> Times(ModelFolder folder, ExecutionSettings settings, int repeats, Action<int> next)
    {
        using var decoder = new LanguageDecoder(folder, settings);
        var prompt = Math.Min(PromptTokens, decoder.MaxPositions - Sizes[^1]);
        using var state = decoder.CreateState(prompt + Sizes[^1]);

        // Speed does not depend on which tokens they are.
        var tokens = Enumerable.Range(0, prompt + Sizes[^1]).Select(i => 3 + (i % Math.Min(97, decoder.VocabularySize - 3))).ToArray();
        state.Append(tokens.AsSpan(0, prompt));
        var medians = new List<TimeSpan>();
        foreach (var size in Sizes)
        {
            next(size);
            var times = new List<TimeSpan>();
            for (var run = -1; run < repeats; run++)
            {
                state.Rewind(prompt);
                var started = Stopwatch.GetTimestamp();

                // To a forked sequence, as questions are.
                state.Append([new SequenceTokens(state.Fork(), tokens.AsMemory(prompt, size), LogitsRequested: 1)]);
                if (run >= 0)
                {
                    times.Add(Stopwatch.GetElapsedTime(started));
                }
            }

            times.Sort();
            medians.Add(times[times.Count / 2]);
        }

        return medians;
    }
}
