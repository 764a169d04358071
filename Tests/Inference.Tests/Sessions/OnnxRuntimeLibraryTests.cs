using System.Diagnostics;
using MobileVlm.Edge.Inference.Sessions;
using MobileVlm.Edge.Inference.Tests.Models;

namespace MobileVlm.Edge.Inference.Tests.Sessions;

/// <summary>An ONNX Runtime other than the one that comes with this program.</summary>
public sealed class OnnxRuntimeLibraryTests
{
    [Fact]
    public void A_library_that_is_missing_is_named() => AssertRefused("/nowhere/libonnxruntime.so", "there is no such file");

    [Fact]
    public void A_file_that_is_not_a_library_is_named()
    {
        using var temporary = new TemporaryFolder();
        File.WriteAllText(temporary["libonnxruntime.so"], "not a library at all, and long enough to hold the header of one");
        AssertRefused(temporary["libonnxruntime.so"], "cannot be loaded");
    }

    [Fact]
    public void A_library_of_something_else_is_named() => AssertRefused(NativeBuild.SomeLibrary, "not ONNX Runtime");

    [Fact]
    public void A_missing_dependency_of_a_library_is_named() =>
        AssertRefused(NativeBuild.NeedsAnother(), "NEEDED-1.so: cannot open shared object file");

    [Fact]
    public void An_older_version_is_refused_with_both_versions() =>
        AssertRefused(NativeBuild.OlderRuntime(), $"it is ONNX Runtime 1.29.0, this program needs {OnnxRuntimeLibrary.NeededVersion}");

    [Fact]
    public void A_second_library_is_refused_once_one_is_in_use()
    {
        var own = NativeBuild.OwnRuntime;
        var fault = Assert.Throws<ExecutionTargetException>(() => OnnxRuntimeLibrary.Use(own));
        Assert.Contains("in use in this process already", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_process_computes_with_the_library_that_it_is_given()
    {
        using var temporary = new TemporaryFolder();
        var copy = temporary["libonnxruntime.so"];
        File.Copy(NativeBuild.OwnRuntime, copy);
        var (code, output, errors) = await OneStepAsync(copy);
        Assert.True(code == 0, errors);
        Assert.Equal($"1 token, {copy}", output.Trim());
    }

    [Fact]
    public async Task A_process_that_is_given_an_older_one_ends_with_the_reason()
    {
        var (code, _, errors) = await OneStepAsync(NativeBuild.OlderRuntime());
        Assert.NotEqual(0, code);
        Assert.Contains("it is ONNX Runtime 1.29.0", errors, StringComparison.Ordinal);
    }

    private static void AssertRefused(string library, string found)
    {
        var fault = Assert.Throws<ExecutionTargetException>(() => OnnxRuntimeLibrary.Load(library));
        Assert.Equal(ExecutionTargetException.RuntimeLibrarySetting, fault.Setting);
        Assert.StartsWith($"{ExecutionTargetException.RuntimeLibrarySetting} '{library}': ", fault.Message, StringComparison.Ordinal);
        Assert.Contains(found, fault.Message, StringComparison.Ordinal);
        Assert.Contains("leave it out", fault.Message, StringComparison.Ordinal);
    }

    private static async Task<(int Code, string Output, string Errors)> OneStepAsync(string library)
    {
        using var process = Process.Start(new ProcessStartInfo(
            Environment.ProcessPath is { } path && Path.GetFileName(path) == "dotnet" ? path : "dotnet",
            ["exec", typeof(OneStep).Assembly.Location, GoldenModel.Get("mobilellama").Folder.FolderPath, library])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
        return (process.ExitCode, await output, await errors);
    }
}
