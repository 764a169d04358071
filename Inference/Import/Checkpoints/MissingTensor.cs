namespace MobileVlm.Edge.Inference.Import.Checkpoints;

/// <summary>Says what is there instead of a tensor that is not: mostly a name is nearly right, or a file is.</summary>
internal static class MissingTensor
{
    private const int NamesShown = 3;

    public static string Explain(string name, IEnumerable<string> present, IReadOnlyList<string> files)
    {
        var nearest = present
            .Select(candidate => (Name: candidate, Distance: Distance(name, candidate)))
            .OrderBy(candidate => candidate.Distance)
            .ThenBy(candidate => candidate.Name, StringComparer.Ordinal)
            .Take(NamesShown)
            .Select(candidate => $"'{candidate.Name}'");
        return $"has no tensor '{name}' in {string.Join(", ", files.Select(Path.GetFileName))}. "
            + $"Closest are {string.Join(", ", nearest)}. Check that all files are of the same model and "
            + "that the download is complete.";
    }

    /// <summary>Levenshtein's distance.</summary>
    private static int Distance(string left, string right)
    {
        var row = Enumerable.Range(0, right.Length + 1).ToArray();
        for (var i = 1; i <= left.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= right.Length; j++)
            {
                var replaced = diagonal + (left[i - 1] == right[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(replaced, 1 + Math.Min(row[j], row[j - 1]));
            }
        }

        return row[^1];
    }
}
