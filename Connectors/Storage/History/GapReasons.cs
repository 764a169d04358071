namespace MobileVlm.Edge.Connectors.Storage.History;

/// <summary>Why a time has no answers, as one word.</summary>
public static class GapReasons
{
    /// <summary>The service did not run, or stored nothing.</summary>
    public const string Stopped = "stopped";

    /// <summary>Reasons of an unknown state in which the question is not answered. Others are answers, such as an unclear one.</summary>
    private static readonly HashSet<string> WithoutAnswers = new(StringComparer.Ordinal)
    {
        "noPicture", "busy", "noHost",
        "modelFailed", "tooLong", "notFinite", "emptyRegion",
        "disabled", "notInMode", "outsideSchedule", "clockUnset", "whenFalse", "viewNotNormal",
    };

    /// <summary>Whether a state that is unknown for this reason means that the question is not answered.</summary>
    /// <param name="reason">The reason of a state; null for a known one.</param>
    public static bool MeansGap(string? reason) => reason is not null && WithoutAnswers.Contains(reason);
}

/// <summary>The gaps of a timeline: when the service did not run, and when the question was not answered although it ran.</summary>
internal static class TimelineGaps
{
    /// <summary>Joins both kinds; where they overlap, the service did not run.</summary>
    /// <param name="stopped">When the service did not run or stored nothing, in order.</param>
    /// <param name="states">The states, in order.</param>
    /// <param name="from">Beginning of the timeline.</param>
    /// <param name="to">Its end, or now.</param>
    public static IEnumerable<TimelineGap> Join(
        IReadOnlyList<TimelineGap> stopped, IReadOnlyList<TimelineState> states, DateTimeOffset from, DateTimeOffset to)
    {
        var unanswered = states.Select((state, i) => new TimelineGap(
                state.At > from ? state.At : from, i + 1 < states.Count ? states[i + 1].At : to, state.Reason ?? ""))
            .Where(gap => GapReasons.MeansGap(gap.Reason))
            .SelectMany(gap => Without(gap, stopped));
        return stopped.Concat(unanswered).Where(gap => gap.From < gap.To).OrderBy(gap => gap.From);
    }

    private static IEnumerable<TimelineGap> Without(TimelineGap gap, IReadOnlyList<TimelineGap> others)
    {
        foreach (var other in others.Where(other => other.From < gap.To && other.To > gap.From))
        {
            yield return gap with { To = other.From };
            gap = gap with { From = other.To };
        }

        yield return gap;
    }
}
