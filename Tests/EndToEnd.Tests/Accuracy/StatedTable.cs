using System.Globalization;

namespace MobileVlm.Edge.EndToEnd.Tests.Accuracy;

/// <summary>A table of Deploy/docs/measured-losses.md, so that a test can compare stated with measured values.</summary>
internal sealed class StatedTable
{
    private readonly Dictionary<string, Dictionary<string, string>> _rows = [];

    /// <summary>Reads the table.</summary>
    /// <param name="heading">The heading of the section, without its hashes.</param>
    /// <param name="first">The header of the table's first column.</param>
    /// <param name="names">The number of columns, from the left, that name a row.</param>
    public StatedTable(string heading, string first, int names)
    {
        var lines = File.ReadAllLines(Path.Combine(DemoModel.Repository, "Deploy", "docs", "measured-losses.md"))
            .SkipWhile(line => line.TrimStart('#', ' ') != heading)
            .SkipWhile(line => !line.StartsWith($"| {first} |", StringComparison.Ordinal))
            .TakeWhile(line => line.StartsWith('|')).Select(Cells).ToArray();
        foreach (var row in lines.Skip(2))
        {
            _rows.Add(string.Join(", ", row[..names]), lines[0].Zip(row).Skip(names).ToDictionary(c => c.First, c => c.Second));
        }
    }

    /// <summary>Whether the table has a row.</summary>
    /// <param name="row">The row's names, with commas between them.</param>
    public bool Has(string row) => _rows.ContainsKey(row);

    /// <summary>Returns the numbers of a cell; percentages as fractions.</summary>
    /// <param name="row">The row's names, with commas between them.</param>
    /// <param name="column">The column's header.</param>
    public double[] Numbers(string row, string column) => _rows.TryGetValue(row, out var cells) && cells.TryGetValue(column, out var cell)
        ? [.. cell.Split(',').Select(Number)]
        : throw new KeyNotFoundException($"Deploy/docs/measured-losses.md states nothing about '{row}', '{column}': write the table again.");

    private static string[] Cells(string line) => [.. line.Trim('|').Split('|').Select(c => c.Trim())];

    private static double Number(string text)
    {
        var percent = text.EndsWith('%');
        return double.Parse(text.TrimEnd('%', ' '), CultureInfo.InvariantCulture) / (percent ? 100 : 1);
    }
}
