using MobileVlm.Edge.Connectors.Storage.History;

namespace MobileVlm.Edge.Actors.Past;

/// <summary>Finds stored frames.</summary>
internal static class StoredFrames
{
    /// <summary>All stored frames of a camera in a time, in their order.</summary>
    /// <exception cref="HistoryUnavailableException">The history cannot be read now.</exception>
    public static async Task<IReadOnlyList<StoredSnapshot>> ReadAsync(
        IHistory history, string camera, DateTimeOffset from, DateTimeOffset to, CancellationToken cancel)
    {
        // No question has an empty name, so the timeline holds the frames alone.
        var timeline = await history.TimelineAsync(new TimelineQuery(camera, "", from, to, to - from), cancel);
        return timeline.Snapshots;
    }

    /// <summary>Chooses frames that are spread evenly over the time: each part of the time gives the one nearest to its middle, and what is then
    /// still missing is taken evenly from the rest.</summary>
    /// <param name="stored">In the order of their times.</param>
    /// <param name="from">The beginning of the time.</param>
    /// <param name="to">Its end.</param>
    /// <param name="count">How many; at least 1.</param>
    /// <returns>Different frames in the order of their times; all of them where there are not more.</returns>
    public static IReadOnlyList<StoredSnapshot> Spread(IReadOnlyList<StoredSnapshot> stored, DateTimeOffset from, DateTimeOffset to, int count)
    {
        if (stored.Count <= count)
        {
            return stored;
        }

        var part = (to - from) / count;
        var chosen = stored
            .GroupBy(frame => Math.Clamp((int)((frame.At - from) / part), 0, count - 1))
            .Select(group => group.MinBy(frame => (frame.At - (from + (part * (group.Key + 0.5)))).Duration())!)
            .ToHashSet();
        var rest = stored.Where(frame => !chosen.Contains(frame)).ToList();
        var missing = count - chosen.Count;
        for (var i = 0; i < missing; i++)
        {
            chosen.Add(rest[(int)((long)i * rest.Count / missing)]);
        }

        return [.. chosen.OrderBy(frame => frame.At).ThenBy(frame => frame.Id)];
    }
}
