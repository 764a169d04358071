using System.Text.Json;
using System.Text.Json.Serialization;
using MobileVlm.Edge.Deploy.Cli;

namespace MobileVlm.Edge.Deploy.Bench;

/// <summary>The members that a comparison needs of an earlier <c>bench --json</c> document, or of one that the script for llama.cpp
/// writes (<c>Tests/Benchmarks/llama.cpp/server.mjs</c>). All are optional, because documents of other releases are read too.</summary>
internal sealed record OtherResult
{
    /// <summary>Longest document that is read: one of 1000 repeats has about 2 MB.</summary>
    private const long MaxBytes = 64 * 1024 * 1024;

    /// <summary>Name of the program that was measured, where it is not this one.</summary>
    public string? Tool { get; init; }

    [JsonPropertyName("box")]
    public OtherMachine? Machine { get; init; }

    public OtherModel? Model { get; init; }

    public int? Threads { get; init; }

    public OtherCeilings? Ceilings { get; init; }

    public IReadOnlyList<OtherLine>? Results { get; init; }

    public OtherPipeline? Pipeline { get; init; }

    public OtherMemory? Memory { get; init; }

    /// <summary>Reads a document.</summary>
    /// <exception cref="UsageException">There is no such file, or it is another kind of document.</exception>
    public static OtherResult Read(string path)
    {
        try
        {
            if (new FileInfo(path).Length > MaxBytes)
            {
                throw new UsageException($"--compare-to: {path} is larger than {MaxBytes / 1024 / 1024} MiB, which no result is.");
            }

            using var file = File.OpenRead(path);
            var result = JsonSerializer.Deserialize(file, OtherResultJson.Default.OtherResult);
            return result is { Machine: not null, Results: { Count: > 0 } results } && results.All(line => line is { Name: not null, Ms.Median: > 0 })
                ? result
                : throw Unknown(path, "it has no measured results");
        }
        catch (JsonException e)
        {
            throw Unknown(path, $"it cannot be read as such: line {e.LineNumber + 1}, {e.Path ?? "$"}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"--compare-to: {path} cannot be read: {e.Message}");
        }
    }

    private static UsageException Unknown(string path, string why) => new(
        $"--compare-to: {path} is not a result of 'mobilevlm bench --json' or of Tests/Benchmarks/llama.cpp/server.mjs: {why}.");
}

internal sealed record OtherMachine(string? Cpu, string? Architecture, int? Processors, string? Program);

internal sealed record OtherModel(string? Name, IReadOnlyDictionary<string, string>? Precision);

internal sealed record OtherCeilings(double? ReadBefore, double? ReadAfter, double? Int8);

internal sealed record OtherLine(string? Name, OtherSpread? Ms, double? FurtherMs, double? Joules);

internal sealed record OtherSpread(double? Median, double? LowerQuartile, double? UpperQuartile);

internal sealed record OtherPipeline(double? FramesPerSecond);

internal sealed record OtherMemory(double? Peak);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(OtherResult))]
internal sealed partial class OtherResultJson : JsonSerializerContext;
