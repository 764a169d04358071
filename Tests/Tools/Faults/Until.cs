using System.Diagnostics;

namespace MobileVlm.Edge.Tools.Faults;

/// <summary>Waits for conditions.</summary>
internal static class Until
{
    /// <summary>Waits until a condition is true.</summary>
    /// <returns>Whether it became true in time.</returns>
    public static async Task<bool> TrueAsync(Func<bool> condition, TimeSpan within)
    {
        for (var waited = Stopwatch.StartNew(); !condition(); await Task.Delay(100))
        {
            if (waited.Elapsed > within)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Waits until a condition is true.</summary>
    /// <exception cref="TimeoutException">The condition did not become true in time.</exception>
    public static async Task HappensAsync(string what, Func<bool> condition, TimeSpan within)
    {
        if (!await TrueAsync(condition, within))
        {
            throw new TimeoutException($"Within {within.TotalSeconds:0} s: {what}");
        }
    }
}
