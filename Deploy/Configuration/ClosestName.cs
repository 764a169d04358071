namespace MobileVlm.Edge.Deploy.Configuration;

/// <summary>Suggests a known name for a mistyped one.</summary>
internal static class ClosestName
{
    /// <summary>The known name with the smallest edit distance to this name; null if none is similar.</summary>
    public static string? Of(string name, IReadOnlyList<string> known)
    {
        var (closest, distance) = known
            .Select(candidate => (candidate, Distance(name.ToUpperInvariant(), candidate.ToUpperInvariant())))
            .DefaultIfEmpty((candidate: "", int.MaxValue))
            .MinBy(it => it.Item2);
        return distance <= Math.Max(2, closest.Length / 3) && distance < closest.Length ? closest : null;
    }

    // The Levenshtein distance; one row of the table is enough.
    private static int Distance(string from, string to)
    {
        var row = Enumerable.Range(0, to.Length + 1).ToArray();
        for (var i = 1; i <= from.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= to.Length; j++)
            {
                var change = diagonal + (from[i - 1] == to[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(change, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[to.Length];
    }
}
