using System.Globalization;
using System.Net;
using System.Text;

namespace MobileVlm.Edge.Deploy.Reports;

/// <summary>The frame of a report: one HTML page in light and dark, without scripts and without other files.</summary>
internal static class HtmlPage
{
    private const string Style = """
        :root { color-scheme: light dark; --text: #1c2024; --dim: #60656b; --line: #d5d9de; --back: #ffffff; --first: #2f6fb3; --second: #c2681b; --good: #2f7d46; --bad: #b3362f; }
        @media (prefers-color-scheme: dark) { :root { --text: #e6e8ea; --dim: #a0a6ad; --line: #3a4046; --back: #16191c; --first: #6aa7e8; --second: #e8a05f; --good: #6cc38a; --bad: #ee8078; } }
        body { font: 15px/1.5 system-ui, sans-serif; color: var(--text); background: var(--back); max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
        h1 { font-size: 1.5rem; margin-bottom: 0; } h2 { font-size: 1.1rem; margin-top: 2rem; }
        p { margin: .4rem 0; } .dim { color: var(--dim); }
        table { border-collapse: collapse; } td, th { text-align: left; padding: .15rem .8rem .15rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
        td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
        td.text { max-width: 22rem; overflow-wrap: anywhere; }
        .scroll { overflow-x: auto; }
        """;

    /// <summary>Begins a page.</summary>
    /// <param name="title">Of the browser's tab; escaped here.</param>
    /// <param name="style">Style sheet of this report.</param>
    public static StringBuilder Begin(string title, string style)
    {
        var page = new StringBuilder();
        page.AppendLine("<!doctype html>").AppendLine("<html lang=\"en\">").AppendLine("<head>").AppendLine("<meta charset=\"utf-8\">");
        page.AppendLine("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">");
        page.AppendLine("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">");
        page.AppendLine(CultureInfo.InvariantCulture, $"<title>{Text(title)}</title>");
        return page.AppendLine("<style>").AppendLine(Style).AppendLine(style).AppendLine("</style>").AppendLine("</head>").AppendLine("<body>");
    }

    /// <summary>Ends the page.</summary>
    public static string End(StringBuilder page) => page.AppendLine("</body>").AppendLine("</html>").ToString();

    /// <summary>Text that is shown as it is, in elements and attributes.</summary>
    public static string Text(string text) => WebUtility.HtmlEncode(text);
}
