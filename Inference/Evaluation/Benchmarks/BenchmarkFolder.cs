using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace MobileVlm.Edge.Inference.Evaluation.Benchmarks;

/// <summary>A benchmark's data folder. Its errors name the file and line, and where the layout is explained.</summary>
/// <param name="path">The folder.</param>
/// <param name="benchmark">Name of the benchmark.</param>
internal sealed class BenchmarkFolder(string path, string benchmark)
{
    /// <summary>Where the layout is explained.</summary>
    public static string Advice(string benchmark) =>
        $"'mobilevlm eval {benchmark} --explain' shows where to get the data and how the folder must be laid out.";

    /// <summary>A file or folder below this one.</summary>
    public string PathOf(params ReadOnlySpan<string> parts) => Path.Combine([path, .. parts]);

    /// <summary>A file that must be there.</summary>
    /// <exception cref="BenchmarkDataException">It is missing.</exception>
    public string Find(params ReadOnlySpan<string> parts)
    {
        var file = PathOf(parts);
        return File.Exists(file) ? file : throw Wrong(Directory.Exists(path) ? file : path, "it does not exist.");
    }

    /// <summary>A JSON file.</summary>
    /// <exception cref="BenchmarkDataException">It is missing, or its content is not as it should be.</exception>
    public T ReadJson<T>(JsonTypeInfo<T> type, params ReadOnlySpan<string> parts)
        where T : class
    {
        var file = Find(parts);
        try
        {
            using var stream = File.OpenRead(file);
            return JsonSerializer.Deserialize(stream, type) ?? throw new JsonException("it holds nothing");
        }
        catch (JsonException e)
        {
            throw Wrong(file, $"it cannot be read ({Reason(e)}).", e);
        }
    }

    /// <summary>A file with one JSON document a line; empty lines are skipped.</summary>
    /// <exception cref="BenchmarkDataException">It is missing, or a line is not as it should be.</exception>
    public IEnumerable<(int Line, T Value)> ReadJsonLines<T>(JsonTypeInfo<T> type, params string[] parts)
        where T : class
    {
        var file = Find(parts);
        foreach (var (index, line) in File.ReadLines(file).Index())
        {
            if (string.IsNullOrWhiteSpace(line))
            {
                continue;
            }

            T? value;
            try
            {
                value = JsonSerializer.Deserialize(line, type);
            }
            catch (JsonException e)
            {
                throw Wrong($"{file}, line {index + 1}", $"it cannot be read ({Reason(e)}).", e);
            }

            yield return (index + 1, value ?? throw Wrong($"{file}, line {index + 1}", "it holds nothing."));
        }
    }

    /// <summary>An error about the folder's content.</summary>
    /// <param name="where">File, and line or entry.</param>
    /// <param name="what">A sentence.</param>
    /// <param name="inner">The cause.</param>
    public BenchmarkDataException Wrong(string where, string what, Exception? inner = null) => new($"{where}: {what} {Advice(benchmark)}", inner);

    private static string Reason(JsonException e) => e.Message.Split(" Path:")[0].Split(" LineNumber:")[0].TrimEnd('.');
}
