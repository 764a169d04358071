using System.Text;

namespace MobileVlm.Edge.Connectors.Cameras.Feeds.ChildProcess;

/// <summary>Splits a line as a shell would at white space and quotes, and nothing else: no variables, no globs.</summary>
internal static class ShellWords
{
    /// <returns>Null when a quote is left open or the line ends with a backslash.</returns>
    public static IReadOnlyList<string>? Split(string line)
    {
        List<string> words = [];
        var word = new StringBuilder();
        var (inWord, quote) = (false, '\0');
        for (var i = 0; i < line.Length; i++)
        {
            var c = line[i];
            if (c == '\\' && quote != '\'')
            {
                if (++i == line.Length)
                {
                    return null;
                }

                word.Append(line[i]);
                inWord = true;
            }
            else if (c == quote)
            {
                quote = '\0';
            }
            else if (quote == '\0' && c is '"' or '\'')
            {
                (quote, inWord) = (c, true);
            }
            else if (quote == '\0' && char.IsWhiteSpace(c))
            {
                if (inWord)
                {
                    words.Add(word.ToString());
                    word.Clear();
                    inWord = false;
                }
            }
            else
            {
                word.Append(c);
                inWord = true;
            }
        }

        if (inWord)
        {
            words.Add(word.ToString());
        }

        return quote == '\0' ? words : null;
    }
}
