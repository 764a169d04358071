using System.Text.Json;

namespace MobileVlm.Edge.EndToEnd.Tests.Commands;

/// <summary>The output of <c>bench</c>. Tests do not check how fast anything is.</summary>
public sealed class BenchCommandTests
{
    private static readonly string[] Everything =
    [
        "encode", "prefill", "decode-1", "decode-4", "decode-8", "text", "text-same", "text-changed", "first", "questions-1", "questions-2", "questions-4", "questions-8", "questions-16",
        "taught-0", "taught-1", "taught-8", "taught-100",
    ];

    private static readonly string[] InOrder = ["min", "lowerQuartile", "median", "upperQuartile", "max"];

    [Fact]
    public async Task Bench_prints_one_document_with_every_part_and_the_machines_limits()
    {
        var bench = await EdgeProcess.RunAsync("bench", "--model", DemoModel.Folder.FolderPath, "--repeats", "2", "--json");
        Assert.Equal((0, ""), (bench.ExitCode, bench.Errors));
        using var document = JsonDocument.Parse(bench.Output);
        var root = document.RootElement;

        Assert.All(["cpu", "architecture", "kernel", "program", "onnxRuntime", "dotNet"], name =>
            Assert.NotEqual("", root.GetProperty("box").GetProperty(name).GetString()));
        Assert.Equal(DemoModel.Folder.Manifest.Name, root.GetProperty("model").GetProperty("name").GetString());
        Assert.Equal("fp32", root.GetProperty("model").GetProperty("precision").GetProperty("decoder").GetString());
        Assert.All(["readBefore", "readAfter", "int8", "fp32"], name => AssertAbove0(root.GetProperty("ceilings"), name));
        Assert.All(["resident", "peak"], name => AssertAbove0(root.GetProperty("memory"), name));
        Assert.Equal(2, root.GetProperty("repeats").GetInt32());

        var results = root.GetProperty("results").EnumerateArray().ToDictionary(r => r.GetProperty("name").GetString()!);
        Assert.Equal(Everything, results.Keys);
        Assert.All(results.Values, AssertIsASpread);
        Assert.All(["encode", "prefill", "decode-1", "decode-4", "decode-8"], name => Assert.All(
            ["operations", "bytes", "operationsPerSecond", "bytesPerSecond", "shareOfInt8", "shareOfFp32", "shareOfRead"],
            value => AssertAbove0(results[name], value)));
        Assert.Equal(16, results["questions-16"].GetProperty("perSecond").GetDouble()
            * results["questions-16"].GetProperty("ms").GetProperty("median").GetDouble() / 1000, 6);
        Assert.True(results["questions-2"].TryGetProperty("furtherMs", out _));

        var pipeline = root.GetProperty("pipeline");
        Assert.All(["framesPerSecond", "cameraRate", "framesCaptured"], name => AssertAbove0(pipeline, name));
        AssertAbove0(pipeline.GetProperty("ageMs"), "median");
    }

    [Fact]
    public async Task A_single_part_is_measured_alone_and_shown_as_a_table()
    {
        var bench = await EdgeProcess.RunAsync("bench", "--model", DemoModel.Folder.FolderPath, "--repeats", "1", "--only", "decode");
        Assert.Equal((0, ""), (bench.ExitCode, bench.Errors));
        Assert.Contains("decode, batch 1", bench.Output, StringComparison.Ordinal);
        Assert.Contains("ceilings  read ", bench.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("image encode", bench.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("pipeline", bench.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_result_is_compared_with_an_earlier_one_of_the_same_command()
    {
        var folder = Directory.CreateTempSubdirectory("mobilevlm-compare-");
        try
        {
            string[] measure = ["bench", "--model", DemoModel.Folder.FolderPath, "--repeats", "1", "--only", "encode"];
            var earlier = Path.Combine(folder.FullName, "earlier.json");
            await File.WriteAllTextAsync(earlier, (await EdgeProcess.RunAsync([.. measure, "--json"])).Output);

            var table = await EdgeProcess.RunAsync([.. measure, "--compare-to", earlier]);
            Assert.Equal((0, ""), (table.ExitCode, table.Errors));
            Assert.Matches(@"\nimage encode, ms +[0-9.]+ +[0-9.]+ +[0-9.]+   (now|other|no clear difference)\n", table.Output);

            var json = await EdgeProcess.RunAsync([.. measure, "--json", "--compare-to", earlier]);
            using var document = JsonDocument.Parse(json.Output);
            var line = document.RootElement.GetProperty("comparedTo").GetProperty("results")[0];
            Assert.Equal("encode", line.GetProperty("name").GetString());
            Assert.Equal(line.GetProperty("other").GetDouble() / line.GetProperty("now").GetDouble(), line.GetProperty("ratio").GetDouble(), 9);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task Another_kind_of_file_is_refused_before_anything_is_measured()
    {
        var bench = await EdgeProcess.RunAsync(
            "bench", "--model", DemoModel.Folder.FolderPath, "--compare-to", Path.Combine(DemoModel.Folder.FolderPath, "model.json"));
        Assert.Equal((2, ""), (bench.ExitCode, bench.Output));
        Assert.Contains("--compare-to: ", bench.Errors, StringComparison.Ordinal);
        Assert.Contains("is not a result of 'mobilevlm bench --json'", bench.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Energy_is_reported_with_its_sensors_or_with_the_reason_why_not()
    {
        var bench = await EdgeProcess.RunAsync("bench", "--model", DemoModel.Folder.FolderPath, "--repeats", "1", "--only", "first", "--json");
        using var document = JsonDocument.Parse(bench.Output);
        var root = document.RootElement;
        var measured = root.GetProperty("energySource").ValueKind == JsonValueKind.String;
        Assert.Equal(measured ? JsonValueKind.Null : JsonValueKind.String, root.GetProperty("energyReason").ValueKind);
        Assert.Equal(measured ? JsonValueKind.Number : JsonValueKind.Null, root.GetProperty("results")[0].GetProperty("joules").ValueKind);
    }

    [Fact]
    public async Task A_part_that_does_not_exist_is_refused_with_those_that_do()
    {
        var bench = await EdgeProcess.RunAsync("bench", "--model", DemoModel.Folder.FolderPath, "--only", "encode,dream");
        Assert.Equal((2, ""), (bench.ExitCode, bench.Output));
        Assert.Contains("--only: 'dream' is not one of encode, prefill, decode, text, first, questions, taught, pipeline.", bench.Errors, StringComparison.Ordinal);
    }

    private static void AssertIsASpread(JsonElement result)
    {
        var ms = result.GetProperty("ms");
        Assert.Equal(2, ms.GetProperty("samples").GetArrayLength());
        double[] order = [.. InOrder.Select(n => ms.GetProperty(n).GetDouble())];
        Assert.Equal(order.Order(), order);
        Assert.True(order[0] > 0);
    }

    private static void AssertAbove0(JsonElement of, string name) => Assert.True(of.GetProperty(name).GetDouble() > 0, name);

    [Fact]
    public async Task Tuning_reports_when_there_is_nothing_to_choose()
    {
        var tune = await EdgeProcess.RunAsync("bench", "--tune", "--model", DemoModel.Folder.FolderPath);
        Assert.Equal((2, ""), (tune.ExitCode, tune.Output));
        Assert.Contains("--prefill auto", tune.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tuning_keeps_its_choice_in_the_folder()
    {
        var folder = Directory.CreateTempSubdirectory("mobilevlm-tune-");
        try
        {
            var model = Path.Combine(folder.FullName, "model");
            var import = await EdgeProcess.RunAsync(
                "model", "import", DemoModel.Checkpoint, model, "--precision", "int8", "--prefill", "auto", "--no-loss-report");
            Assert.Equal(0, import.ExitCode);
            var tune = await EdgeProcess.RunAsync("bench", "--tune", "--model", model, "--repeats", "1", "--json");
            Assert.Equal(0, tune.ExitCode);
            using var document = JsonDocument.Parse(tune.Output);
            Assert.Equal(10, document.RootElement.GetProperty("rows").GetArrayLength());
            using var kept = JsonDocument.Parse(await File.ReadAllBytesAsync(Path.Combine(model, "box.json")));
            Assert.Equal(
                document.RootElement.GetProperty("prefillFrom").ToString(), kept.RootElement.GetProperty("prefillFrom").ToString());
            var show = await EdgeProcess.RunAsync("model", "show", model);
            Assert.Contains("decoder weights for pictures and prompts", show.Output, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
