using System.Globalization;
using System.Text;

namespace MobileVlm.Edge.Actors.Questions;

/// <summary>The text of an event, with placeholders for its facts: <c>{camera}: {question} is {to} ({score})</c>.</summary>
public sealed record AlertText
{
    private static readonly string[] Names =
        ["node", "camera", "question", "ask", "from", "to", "value", "score", "text", "at", "since"];

    private AlertText(string template) => Template = template;

    public static AlertText Default { get; } = new("{camera}: {question} is {to}");

    /// <summary>Syntax that <see cref="Parse"/> accepts, for messages.</summary>
    public static string Accepted => $"text with {string.Join(", ", Names.Select(name => $"{{{name}}}"))}";

    public string Template { get; }

    /// <param name="template">Braces are doubled to stand for themselves.</param>
    /// <exception cref="FormatException">A placeholder is unknown or not closed; the message completes a sentence that begins with the text.</exception>
    public static AlertText Parse(string template)
    {
        Fill(template, name => Names.Contains(name)
            ? ""
            : throw new FormatException($"has an unknown place '{{{name}}}'; {Accepted} would be accepted"));
        return new AlertText(template);
    }

    /// <param name="fact">The text for each placeholder.</param>
    public string Fill(Func<string, string> fact) => Fill(Template, fact);

    /// <summary>A probability as people read it.</summary>
    public static string Percent(double? score) =>
        score is { } p ? (100 * p).ToString("0 '%'", CultureInfo.InvariantCulture) : "";

    private static string Fill(string template, Func<string, string> fact)
    {
        var text = new StringBuilder();
        for (var at = 0; at < template.Length; at++)
        {
            var c = template[at];
            if (c is '{' or '}' && at + 1 < template.Length && template[at + 1] == c)
            {
                text.Append(c);
                at++;
            }
            else if (c == '{' && template.IndexOf('}', at) is > 0 and var end)
            {
                text.Append(fact(template[(at + 1)..end]));
                at = end;
            }
            else if (c is '{' or '}')
            {
                throw new FormatException($"has a single '{c}'; '{c}{c}' would be accepted");
            }
            else
            {
                text.Append(c);
            }
        }

        return text.ToString();
    }
}
