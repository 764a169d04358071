using System.Text.Json;

namespace MobileVlm.Edge.EndToEnd.Tests.Commands;

/// <summary>The execution target that users request, on a machine without a GPU.</summary>
public sealed class TargetTests : IDisposable
{
    private static readonly string Image = Path.Combine(DemoModel.Repository, "Tests", "Demo", "heldout", "scene000.jpg");

    private readonly string _folder = Directory.CreateTempSubdirectory("mobilevlm-target-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("Model:Target (--target) 'cuda': ", "runs on the CPU only", "--target", "cuda")]
    [InlineData("Model:ProviderLibrary (--provider-library) '/nowhere/libcuda.so': ", "there is no such file", "--target", "cuda", "--provider-library", "/nowhere/libcuda.so")]
    [InlineData("Model:RuntimeLibrary (--runtime-library) '/nowhere/libonnxruntime.so': ", "there is no such file", "--runtime-library", "/nowhere/libonnxruntime.so")]
    [InlineData("--target is cpu, cuda, cuda:N", "auto", "--target", "gpu")]
    public async Task A_target_that_is_not_available_ends_with_2_and_names_the_setting(string setting, string found, params string[] options)
    {
        var (code, output, errors) = await EdgeProcess.RunAsync(
            ["ask", "--model", DemoModel.Folder.FolderPath, "--image", Image, "--json", .. options, "Is there a person?"]);
        Assert.Equal((2, ""), (code, output));
        Assert.Contains(setting, errors, StringComparison.Ordinal);
        Assert.Contains(found, errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Auto_answers_on_the_CPU_and_reports_why()
    {
        var (code, output, errors) = await EdgeProcess.RunAsync(
            "ask", "--model", DemoModel.Folder.FolderPath, "--image", Image, "--target", "auto", "--yes-no", "--json", "Is there a person?");
        Assert.Equal(0, code);
        using var answer = JsonDocument.Parse(output);
        Assert.InRange(answer.RootElement.GetProperty("answers")[0].GetProperty("score").GetDouble(), 0.9, 1);
        Assert.Contains("decoder.onnx runs on CPUExecutionProvider", errors, StringComparison.Ordinal);
        Assert.Equal(2, errors.Split("auto uses the CPU: Model:Target (--target) 'cuda'").Length);
    }

    [Fact]
    public async Task Verify_reports_where_each_session_runs()
    {
        var (code, _, errors) = await EdgeProcess.RunAsync("model", "verify", DemoModel.Folder.FolderPath);
        Assert.Equal(0, code);
        Assert.Matches("vision.onnx runs on CPUExecutionProvider \\([0-9]+ nodes\\)", errors);
        Assert.Matches("decoder.onnx runs on CPUExecutionProvider \\([0-9]+ nodes\\)", errors);
    }

    [Fact]
    public async Task A_service_that_requires_a_GPU_does_not_start_without_one_and_the_doctor_reports_the_same()
    {
        var config = Write("cuda");
        var (code, _, errors) = await EdgeProcess.RunAsync("run", "--config", config);
        Assert.Equal(2, code);
        Assert.Contains("Model:Target (--target) 'cuda'", errors, StringComparison.Ordinal);

        var doctor = await EdgeProcess.RunAsync("doctor", "--config", config);
        Assert.Equal(1, doctor.ExitCode);
        Assert.Matches("bad +model +Model:Target \\(--target\\) 'cuda'", doctor.Output);
    }

    [Fact]
    public async Task A_service_on_auto_reports_once_in_its_log_and_in_its_statistics_why_it_uses_the_CPU()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var subscriber = await MosquittoSub.StartAsync(broker.Address, "mobilevlm/#");
        await using var service = EdgeProcess.Start("run", "--config", Write("auto", broker.Address.ToString()));
        var message = await subscriber.WaitForAsync("mobilevlm/edge-1/stats", within: TimeSpan.FromSeconds(60));
        using var stats = JsonDocument.Parse(message.Text);
        Assert.Equal("cpu", stats.RootElement.GetProperty("target").GetString());
        var decoder = stats.RootElement.GetProperty("sessions").GetProperty("decoder");
        Assert.Contains("on the CPU only", decoder.GetProperty("reason").GetString(), StringComparison.Ordinal);
        Assert.Equal(decoder.GetProperty("nodes").GetInt32(), decoder.GetProperty("nodesOnCpu").GetInt32());
        service.Terminate();
        Assert.Equal(0, await service.ExitAsync());
        var log = service.Output + service.Errors;
        Assert.Equal(2, log.Split("Model:Target is 'auto', which uses the CPU").Length);
        Assert.Contains("vision.onnx runs on CPUExecutionProvider", log, StringComparison.Ordinal);
    }

    private string Write(string target, string broker = "embedded")
    {
        var file = ServiceConfiguration.Write(_folder, broker, new Dictionary<string, string> { ["gate"] = "pattern:320x240@5" });
        File.WriteAllText(file, File.ReadAllText(file).Replace("\"Target\":\"cpu\"", $"\"Target\":\"{target}\"", StringComparison.Ordinal));
        return file;
    }
}
