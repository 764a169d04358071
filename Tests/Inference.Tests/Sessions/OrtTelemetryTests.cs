using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Tests.Models;

namespace MobileVlm.Edge.Inference.Tests.Sessions;

/// <summary>ONNX Runtime's telemetry is off.</summary>
public sealed partial class OrtTelemetryTests
{
    private const string Variable = "ORT_DISABLE_TELEMETRY";

    [Fact]
    public void Loading_the_engine_turns_telemetry_off_where_the_native_library_reads_it()
    {
        RuntimeHelpers.RunModuleConstructor(typeof(ModelManifest).Module.ModuleHandle);
        Assert.Equal("1", Marshal.PtrToStringUTF8(GetVariable(Variable)));
        Assert.Equal("1", Environment.GetEnvironmentVariable(Variable));
    }

    [Fact]
    public async Task A_process_without_preparation_keeps_no_device_id_and_nothing_to_send()
    {
        using var home = new TemporaryFolder();
        var start = new ProcessStartInfo(Environment.ProcessPath is { } path && Path.GetFileName(path) == "dotnet" ? path : "dotnet")
        {
            ArgumentList = { "exec", typeof(OneStep).Assembly.Location, GoldenModel.Get("mobilellama").Folder.FolderPath },
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };

        // ONNX Runtime also keeps quiet where it recognises a build server.
        foreach (var name in (string[])[Variable, "XDG_CACHE_HOME", "CI", "TF_BUILD", "GITHUB_ACTIONS", "JENKINS_URL", "GITLAB_CI"])
        {
            start.Environment.Remove(name);
        }

        start.Environment["HOME"] = home.Path;
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
        Assert.True(process.ExitCode == 0, await errors);
        Assert.Equal("1 token", (await output).Trim());
        Assert.DoesNotContain(
            Directory.EnumerateFileSystemEntries(home.Path, "*", SearchOption.AllDirectories),
            entry => entry.Contains("onnxruntime", StringComparison.OrdinalIgnoreCase)
                || entry.Contains("deviceid", StringComparison.OrdinalIgnoreCase));
    }

    [LibraryImport("libc", EntryPoint = "getenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint GetVariable(string name);
}
