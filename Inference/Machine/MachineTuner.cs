using System.Diagnostics;
using MobileVlm.Edge.Inference.Decoding;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Sessions;

namespace MobileVlm.Edge.Inference.Machine;

/// <summary>One number of tokens at once, through either set of a decoder's weights.</summary>
public sealed record TunedRows(int Tokens, TimeSpan First, TimeSpan Second);

/// <summary>Finds out from how many tokens at once a decoder's second set of weights is quicker on this box.</summary>
public static class MachineTuner
{
    /// <summary>Tokens that a prompt has before those that are timed.</summary>
    private const int Behind = 160;

    /// <summary>Tokens at once that are tried: drafts and packed questions, and a picture.</summary>
    public static IReadOnlyList<int> Sizes { get; } = [1, 2, 3, 4, 6, 8, 12, 16, 32, 144];

    /// <summary>Opens one set after the other, so that memory for one more decoder is enough.</summary>
    /// <param name="folder">With a second set.</param>
    /// <param name="settings">Threads.</param>
    /// <param name="repeats">Timed runs of each size, of which the median counts.</param>
    /// <param name="next">Called before each size of each set.</param>
    public static IReadOnlyList<TunedRows> Measure(ModelFolder folder, ExecutionSettings settings, int repeats, Action<string> next)
    {
        var first = Times(folder, settings with { UsePrefill = false }, repeats, size => next($"first set, {size} tokens"));
        var second = Times(
            folder, settings with { UsePrefill = true, PrefillFrom = 1 }, repeats, size => next($"second set, {size} tokens"));
        return [.. Sizes.Select((size, i) => new TunedRows(size, first[i], second[i]))];
    }

    /// <summary>The least size from which on every size is quicker through the second set.</summary>
    public static MachineTuning Choose(IReadOnlyList<TunedRows> rows)
    {
        var slower = rows.LastOrDefault(row => row.Second >= row.First)?.Tokens ?? 0;
        return new MachineTuning
        {
            MeasuredOn = MachineTuning.ThisMachine,
            PrefillFrom = rows.FirstOrDefault(row => row.Tokens > slower)?.Tokens,
        };
    }

    private static List<TimeSpan> Times(ModelFolder folder, ExecutionSettings settings, int repeats, Action<int> next)
    {
        using var decoder = new LanguageDecoder(folder, settings);
        var behind = Math.Min(Behind, decoder.MaxPositions - Sizes[^1]);
        using var state = decoder.CreateState(behind + Sizes[^1]);

        // Speed does not depend on which tokens they are.
        var tokens = Enumerable.Range(0, behind + Sizes[^1]).Select(i => 3 + (i % Math.Min(97, decoder.VocabularySize - 3))).ToArray();
        state.Append(tokens.AsSpan(0, behind));
        var medians = new List<TimeSpan>();
        foreach (var size in Sizes)
        {
            next(size);
            var times = new List<TimeSpan>();
            for (var run = -1; run < repeats; run++)
            {
                state.Rewind(behind);
                var started = Stopwatch.GetTimestamp();

                // As a branch, since a single token of the trunk has a way of its own.
                state.Append([new SequenceTokens(state.Fork(), tokens.AsMemory(behind, size), LogitsRequested: 1)]);
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
