using System.Text;

namespace MobileVlm.Edge.Inference.Evaluation.Benchmarks;

/// <summary>Reads a tab-separated file as pandas does (a quoted cell may contain tabs, line ends and doubled quotes; a quote inside of an
/// unquoted cell is a character), which decides what the published evaluation sees.</summary>
internal static class TabSeparatedFile
{
    /// <summary>Reads rows one after the other.</summary>
    /// <returns>The line on which a row begins, and its cells.</returns>
    /// <exception cref="InvalidDataException">The file ends inside of a quoted cell.</exception>
    public static IEnumerable<(int Line, IReadOnlyList<string> Cells)> Read(TextReader reader)
    {
        var (line, first) = (1, 1);
        var cells = new List<string>();
        var cell = new StringBuilder();
        var (quoted, started) = (false, false);
        while (reader.Read() is var next and >= 0)
        {
            var c = (char)next;
            line += c == '\n' ? 1 : 0;
            if (quoted)
            {
                if (c != '"')
                {
                    cell.Append(c);
                }
                else if (reader.Peek() == '"')
                {
                    cell.Append((char)reader.Read());
                }
                else
                {
                    quoted = false;
                }
            }
            else if (c == '"' && !started)
            {
                (quoted, started) = (true, true);
            }
            else if (c == '\t')
            {
                cells.Add(cell.ToString());
                cell.Clear();
                started = false;
            }
            else if (c == '\n')
            {
                if (EndRow() is { } row)
                {
                    yield return (first, row);
                }

                first = line;
            }
            else if (c != '\r' || reader.Peek() != '\n')
            {
                cell.Append(c);
                started = true;
            }
        }

        if (quoted)
        {
            throw new InvalidDataException($"the row that begins on line {first} has a quote that is not closed");
        }

        if (EndRow() is { } last)
        {
            yield return (first, last);
        }

        List<string>? EndRow()
        {
            var isEmpty = cells.Count == 0 && cell.Length == 0 && !started;
            cells.Add(cell.ToString());
            cell.Clear();
            started = false;
            var row = cells;
            cells = [];
            return isEmpty ? null : row;
        }
    }
}
