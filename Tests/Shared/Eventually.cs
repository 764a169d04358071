using System.Diagnostics;

namespace MobileVlm.Edge.Tests.Shared;

/// <summary>Waits for conditions that give no signal when they come true.</summary>
internal static class Eventually
{
    /// <summary>Longer than anything takes on a loaded machine: reached only when something is broken.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Waits until a condition is true.</summary>
    /// <param name="condition">Asked again and again; cheap.</param>
    /// <param name="what">What is waited for; it is part of the failure's message.</param>
    /// <param name="within">The limit. Null: <see cref="Patience"/>.</param>
    /// <param name="state">What was seen instead, for the failure's message.</param>
    /// <exception cref="TimeoutException">It was not true in time.</exception>
    public static Task TrueAsync(Func<bool> condition, string what, TimeSpan? within = null, Func<string>? state = null) =>
        TrueAsync(() => Task.FromResult(condition()), what, within, state);

    /// <inheritdoc cref="TrueAsync(Func{bool}, string, TimeSpan?, Func{string}?)"/>
    public static async Task TrueAsync(
        Func<Task<bool>> condition, string what, TimeSpan? within = null, Func<string>? state = null)
    {
        var limit = within ?? Patience;
        var waited = Stopwatch.StartNew();

        // Short waits first: most conditions come true at once, and the slow ones need no quick answer.
        for (var pause = TimeSpan.FromMilliseconds(1); !await condition(); await Task.Delay(pause))
        {
            if (waited.Elapsed > limit)
            {
                throw new TimeoutException(
                    $"Within {limit.TotalSeconds:0} s this did not happen: {what}.{(state is null ? "" : $"\n{state()}")}");
            }

            pause = pause < TimeSpan.FromMilliseconds(50) ? pause * 1.5 : pause;
        }
    }
}
