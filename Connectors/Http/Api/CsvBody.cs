using System.Globalization;
using System.Text;
using MobileVlm.Edge.Connectors.Http.Server;

namespace MobileVlm.Edge.Connectors.Http.Api;

/// <summary>Writes a table as CSV (RFC 4180), in parts, so that a long one is never in memory as a whole.</summary>
internal sealed class CsvBody(RouteContext context)
{
    private readonly StringBuilder _text = new();

    /// <summary>Begins the response.</summary>
    /// <param name="file">The name under which a browser saves it.</param>
    /// <param name="columns">The first line.</param>
    public void Begin(string file, params string[] columns)
    {
        var response = context.Http.Response;
        response.ContentType = "text/csv; charset=utf-8";
        response.Headers.CacheControl = "no-store";
        response.Headers.ContentDisposition = $"attachment; filename=\"{file}\"";
        Add([.. columns]);
    }

    /// <summary>Adds a line.</summary>
    public void Add(params ReadOnlySpan<object?> fields) => AddLine(_text, fields);

    /// <summary>Adds a line to a text.</summary>
    internal static void AddLine(StringBuilder text, params ReadOnlySpan<object?> fields)
    {
        for (var i = 0; i < fields.Length; i++)
        {
            text.Append(i == 0 ? "" : ",").Append(Field(fields[i]));
        }

        text.Append("\r\n");
    }

    /// <summary>Sends the lines that were added.</summary>
    public async Task FlushAsync()
    {
        var bytes = Encoding.UTF8.GetBytes(_text.ToString());
        _text.Clear();
        await context.Http.Response.Body.WriteAsync(bytes, context.Stopping);
    }

    private static string Field(object? value) => value switch
    {
        null => "",
        string text => Quoted(text),
        bool isSo => isSo ? "true" : "false",
        DateTimeOffset at => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture),
        TimeSpan time => Math.Round(time.TotalMilliseconds, 1).ToString(CultureInfo.InvariantCulture),
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => throw new ArgumentOutOfRangeException(nameof(value), value, "This type has no form in CSV."),
    };

    // A spreadsheet would run a text that begins like a formula; the model writes what a camera shows.
    private static string Quoted(string text)
    {
        var safe = text.Length > 0 && "=+-@\t\r".Contains(text[0], StringComparison.Ordinal) ? $"'{text}" : text;
        return safe.AsSpan().IndexOfAny(",\"\r\n") >= 0 ? $"\"{safe.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : safe;
    }
}
