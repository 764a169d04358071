namespace MobileVlm.Edge.Inference.Text;

/// <summary>Distance of two names.</summary>
public static class EditDistance
{
    /// <summary>Levenshtein distance: the least number of characters to insert, remove or replace that makes one of the
    /// other. Case counts.</summary>
    public static int Of(string from, string to)
    {
        ArgumentNullException.ThrowIfNull(from);
        ArgumentNullException.ThrowIfNull(to);

        // One row of the table is enough.
        var row = Enumerable.Range(0, to.Length + 1).ToArray();
        for (var i = 1; i <= from.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= to.Length; j++)
            {
                var replaced = diagonal + (from[i - 1] == to[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(replaced, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[^1];
    }
}
