using MobileVlm.Edge.Inference.Text;

namespace MobileVlm.Edge.Deploy.Configuration.Binding;

/// <summary>Suggests the known name that an unknown one is probably a misspelling of.</summary>
internal static class ClosestName
{
    /// <summary>The known name with the fewest changed letters, ignoring case; null when none is close.</summary>
    public static string? Of(string name, IReadOnlyList<string> known)
    {
        var (closest, distance) = known
            .Select(candidate => (candidate, EditDistance.Of(name.ToUpperInvariant(), candidate.ToUpperInvariant())))
            .DefaultIfEmpty((candidate: "", int.MaxValue))
            .MinBy(it => it.Item2);
        return distance <= Math.Max(2, closest.Length / 3) && distance < closest.Length ? closest : null;
    }
}
