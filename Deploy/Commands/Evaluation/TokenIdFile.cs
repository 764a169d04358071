using System.Globalization;

namespace MobileVlm.Edge.Deploy.Commands.Evaluation;

/// <summary>A text file of token ids, one a line. Empty lines are skipped.</summary>
internal static class TokenIdFile
{
    /// <summary>Longest line that an error message quotes, in characters.</summary>
    private const int MaxQuoted = 40;

    /// <summary>Reads all ids.</summary>
    /// <param name="path">The file.</param>
    /// <param name="vocabularySize">Ids are 0 to this, exclusive.</param>
    /// <exception cref="FormatException">A line is not an id of the vocabulary. The message names file and line.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static int[] Read(string path, int vocabularySize)
    {
        var ids = new List<int>();
        foreach (var (index, line) in File.ReadLines(path).Index())
        {
            var text = line.AsSpan().Trim();
            if (text.IsEmpty)
            {
                continue;
            }

            if (!long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var id))
            {
                throw new FormatException($"{path}, line {index + 1}: '{Quote(text)}' is not a token id. The file has one number a line.");
            }

            if (id < 0 || id >= vocabularySize)
            {
                throw new FormatException(
                    $"{path}, line {index + 1}: id {id} is outside the model's vocabulary (0 to {vocabularySize - 1}). The ids are of another tokenizer.");
            }

            ids.Add((int)id);
        }

        return [.. ids];
    }

    private static string Quote(ReadOnlySpan<char> text) => text.Length <= MaxQuoted ? text.ToString() : $"{text[..MaxQuoted]}…";
}
