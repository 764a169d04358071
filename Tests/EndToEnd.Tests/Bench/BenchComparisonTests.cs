using System.Text.Json;
using MobileVlm.Edge.Deploy.Bench;
using MobileVlm.Edge.Deploy.Cli;

namespace MobileVlm.Edge.EndToEnd.Tests.Bench;

/// <summary><c>bench --compare-to</c>: reading results, ratios and warnings.</summary>
public sealed class BenchComparisonTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("mobilevlm-compare-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_document_of_this_command_is_compared_with_itself_without_a_difference()
    {
        var report = Report();
        var comparison = new BenchComparison(report, Read(JsonSerializer.Serialize(BenchDocument.From(report), BenchDocumentJson.Readable.BenchDocument)), "earlier.json");
        Assert.Empty(comparison.Warnings);
        Assert.Equal(["encode", "questions-8", "questions-8-further", "questions-8-joules", "memory-peak"], comparison.Compared.Select(line => line.Name));
        Assert.All(comparison.Compared, line => Assert.Equal((1.0, "no clear difference"), (line.Ratio, line.Better)));
    }

    [Fact]
    public void Above_1_is_better_now_for_times_and_memory()
    {
        const string Other = """
            {"tool":"llama.cpp","box":{"cpu":"Test","architecture":"x64","processors":2,"program":"llama.cpp 0.5.0"},
             "model":{"name":"test","precision":{"decoder":"int4","vision":"w8a8"}},"threads":2,
             "results":[{"name":"encode","ms":{"median":200,"lowerQuartile":190,"upperQuartile":210}},
                        {"name":"questions-8","ms":{"median":300,"lowerQuartile":290,"upperQuartile":310},"furtherMs":60},
                        {"name":"questions-8-one-by-one","ms":{"median":900,"lowerQuartile":900,"upperQuartile":900}}],
             "memory":{"peak":2097152}}
            """;
        var comparison = new BenchComparison(Report(), Read(Other), "other.json");
        Assert.Empty(comparison.Warnings);
        Assert.Equal(
            [("encode", 2.0, "now"), ("questions-8", 0.75, "other"), ("questions-8-further", 1.5, "now"), ("memory-peak", 0.5, "other")],
            comparison.Compared.Select(line => (line.Name, line.Ratio, line.Better)));
        Assert.Equal(
            [
                "",
                "compared to llama.cpp 0.5.0 (other.json); a ratio above 1 is better now",
                "                                                 now     other   ratio   better",
                "image encode, ms                                 100       200    2.00   now",
                "8 yes/no on a new picture, ms                    400       300    0.75   other",
                "  each further of 8, ms                         40.0      60.0    1.50   now",
                "peak resident memory, MiB                       4.00      2.00    0.50   other",
                "not measured now: questions-8-one-by-one",
            ],
            comparison.Lines());
    }

    [Fact]
    public void Quartiles_that_overlap_are_no_clear_difference()
    {
        const string Other = """
            {"box":{"cpu":"Test"},"results":[{"name":"encode","ms":{"median":104,"lowerQuartile":98,"upperQuartile":110}}]}
            """;
        var line = Assert.Single(new BenchComparison(Report(), Read(Other), "other.json").Compared);
        Assert.Equal("no clear difference", line.Better);
    }

    [Fact]
    public void Another_machine_threads_model_precision_and_speed_of_the_machine_are_warned_about()
    {
        const string Other = """
            {"box":{"cpu":"Other","architecture":"arm64","processors":8,"program":"0.1.0"},
             "model":{"name":"small","precision":{"vision":"fp32","decoder":"int4"}},"threads":4,
             "ceilings":{"readBefore":1e9,"readAfter":2e9,"int8":1e11},
             "results":[{"name":"encode","ms":{"median":50,"lowerQuartile":50,"upperQuartile":50}}]}
            """;
        Assert.Equal(
            [
                "The machines differ: now Test, 2 processors, x64, in the other result Other, 8 processors, arm64.",
                "The threads differ: now 2, in the other result 4.",
                "The models differ: now test, in the other result small.",
                "The precisions differ: now decoder int4, vision w8a8, in the other result decoder int4, vision fp32.",
                "The machine was not equally fast: now it reads 20.0 GB/s and multiplies 500 Gop/s (int8), then 2.0 and 100.",
            ],
            new BenchComparison(Report(), Read(Other), "other.json").Warnings);
    }

    [Fact]
    public void A_result_that_shares_no_line_is_said_to_share_none()
    {
        const string Other = """{"box":{"cpu":"Test"},"results":[{"name":"dream","ms":{"median":1}}]}""";
        Assert.Contains("No line was measured in both.", new BenchComparison(Report(), Read(Other), "other.json").Lines());
    }

    [Theory]
    [InlineData("not json", "it cannot be read as such: line 1")]
    [InlineData("[]", "it cannot be read as such: line 1")]
    [InlineData("{}", "it has no measured results")]
    [InlineData("null", "it has no measured results")]
    [InlineData("""{"box":{},"results":[]}""", "it has no measured results")]
    [InlineData("""{"box":{},"results":[{"name":"encode"}]}""", "it has no measured results")]
    [InlineData("""{"box":{},"results":[null]}""", "it has no measured results")]
    [InlineData("""{"measuredOn":"x","prefillFrom":8,"rows":[]}""", "it has no measured results")]
    public void Another_kind_of_file_is_refused_with_the_reason(string text, string reason)
    {
        var error = Assert.Throws<UsageException>(() => Read(text));
        Assert.Contains("is not a result of 'mobilevlm bench --json' or of Tests/Benchmarks/llama.cpp/server.mjs: " + reason, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_does_not_exist_is_a_usage_error()
    {
        var error = Assert.Throws<UsageException>(() => OtherResult.Read(Path.Combine(_folder, "none.json")));
        Assert.StartsWith($"--compare-to: {_folder}", error.Message, StringComparison.Ordinal);
    }

    private OtherResult Read(string text)
    {
        var path = Path.Combine(_folder, "other.json");
        File.WriteAllText(path, text);
        return OtherResult.Read(path);
    }

    private static BenchReport Report() => new()
    {
        Machine = new MachineDescription
        {
            Cpu = "Test",
            Architecture = "x64",
            Processors = 2,
            Instructions = [],
            LastCacheBytes = 0,
            MemoryBytes = 0,
            System = "Test",
            Kernel = "1",
            Program = "1.0.0",
            OnnxRuntime = "1",
            DotNet = "10",
            LoadAverage = 0,
        },
        Model = "test",
        ModelPath = "model",
        Int8Kernels = new Dictionary<string, string>(),
        Precision = new Dictionary<string, string> { ["vision"] = "w8a8", ["decoder"] = "int4" },
        VisionBytes = 1,
        DecoderBytes = 1,
        PrefillBytes = 0,
        Threads = 2,
        Repeats = 3,
        Ceilings = new Ceilings(10e9, 20e9, 500e9, 100e9),
        Results =
        [
            new BenchResult("encode", "image encode", new SampleStatistics([99, 100, 102])),
            new BenchResult("questions-8", "8 yes/no on a new picture", new SampleStatistics([400, 400, 400]))
            {
                Count = 8,
                Unit = "answers",
                Further = 40,
                FurtherShare = 0.3,
                Energy = new EnergyUse(80, 20),
            },
        ],
        Memory = new MemoryUse(1 << 22, 1 << 22, 1 << 20),
        Warnings = [],
    };
}
