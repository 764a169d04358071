using Microsoft.ML.OnnxRuntime;
using MobileVlm.Edge.Inference.Decoding;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Sessions;
using MobileVlm.Edge.Inference.Tests.Models;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Inference.Tests.Sessions;

/// <summary>Where sessions run, and the errors when they cannot run where they should. No GPU is needed: libraries that
/// pretend to have one are loaded like real ones.</summary>
public sealed class SessionPlacementTests
{
    private static readonly ModelFolder Folder = GoldenModel.Get("mobilevlm-v2").Folder;

    [Fact]
    public void Where_each_session_runs_is_read_back_from_it()
    {
        var opened = new List<SessionPlacement>();
        var settings = new ExecutionSettings(1) { OnSessionOpened = opened.Add };
        using var encoder = new VisionEncoder(Folder, settings);
        using var decoder = new LanguageDecoder(Folder, settings);
        Assert.Equal([ModelFolder.VisionFile, ModelFolder.DecoderFile], opened.Select(p => p.File));
        Assert.All(opened, placement =>
        {
            Assert.Equal((SessionPlacement.CpuProvider, "cpu"), (placement.Provider, placement.RunsOn));
            Assert.True(placement.NodeCount > 20, placement.ToString());
            Assert.Equal(placement.NodeCount, placement.NodesByProvider[SessionPlacement.CpuProvider]);
            Assert.Empty(placement.CpuNodesByOperator);
            Assert.Null(placement.Reason);
        });
    }

    [Fact]
    public void A_session_without_a_record_does_not_count_as_one_on_the_cpu()
    {
        using var session = new InferenceSession(Path.Combine(Folder.FolderPath, ModelFolder.DecoderFile));
        Assert.Contains("does not report", Assert.Throws<InvalidOperationException>(() => NodeAssignment.Read(session)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_library_there_is_only_the_cpu()
    {
        var fault = Fault(new ExecutionSettings(1) { Target = ExecutionTarget.Cuda() });
        Assert.Equal(ExecutionTargetException.TargetSetting, fault.Setting);
        Assert.Contains("on the CPU only", fault.Message, StringComparison.Ordinal);
        Assert.Contains(ExecutionTargetException.ProviderLibrarySetting, fault.Message, StringComparison.Ordinal);
        Assert.Contains(ExecutionTargetException.RuntimeLibrarySetting, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_library_that_is_missing_is_named() =>
        AssertLibrary("/nowhere/libprovider.so", "there is no such file", "correct the path");

    [Fact]
    public void A_file_that_is_not_a_library_is_named()
    {
        using var temporary = new TemporaryFolder();
        File.WriteAllText(temporary["notes.so"], "not a library at all, and long enough to hold the header of one");
        AssertLibrary(temporary["notes.so"], "not a library for this processor", ".so file");
    }

    [Fact]
    public void A_library_that_is_not_a_provider_is_named() =>
        AssertLibrary(NativeBuild.SomeLibrary, "not an execution provider", "provider's own library");

    [Fact]
    public void A_library_that_needs_another_one_which_is_missing_is_named_with_it() =>
        AssertLibrary(NativeBuild.NeedsAnother(), "a library that it needs is missing: ", "ldconfig");

    [Fact]
    public void A_provider_of_another_version_is_named_with_the_version_that_is_needed() =>
        AssertLibrary(NativeBuild.ProviderOfAnotherVersion(), "needs another version of ONNX Runtime", OnnxRuntimeLibrary.LoadedVersion);

    [Fact]
    public void A_provider_that_finds_no_gpu_is_named() =>
        AssertLibrary(NativeBuild.Provider(gpus: 0), "finds no GPU", "nvidia-smi");

    [Fact]
    public void A_gpu_that_is_missing_is_refused_with_the_number_of_gpus()
    {
        var fault = Fault(Pretended(ExecutionTarget.Cuda(2)));
        Assert.StartsWith($"{ExecutionTargetException.TargetSetting} 'cuda:2': there are 2 GPU(s)", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_gpu_that_leaves_the_work_to_the_cpu_is_refused_with_the_operators()
    {
        var fault = Fault(Pretended(ExecutionTarget.Cuda(1)));
        Assert.Contains("GroupQueryAttention", fault.Message, StringComparison.Ordinal);
        Assert.Contains("MatMul", fault.Message, StringComparison.Ordinal);
        Assert.Contains("--for cuda", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false, "on the CPU only")]
    [InlineData(true, "GroupQueryAttention")]
    public void Auto_chooses_the_cpu_reports_why_and_computes_the_same(bool pretended, string why)
    {
        SessionPlacement? found = null;
        var settings = pretended ? Pretended(ExecutionTarget.Auto) : new ExecutionSettings(1) { Target = ExecutionTarget.Auto };
        using var decoder = new LanguageDecoder(Folder, settings with { OnSessionOpened = placement => found = placement });
        using var state = decoder.CreateState(16);
        using var expected = GoldenModel.Get("mobilevlm-v2").Decoder.CreateState(16);
        Assert.Equal(expected.Append([1, 260, 537]).ToArray(), state.Append([1, 260, 537]).ToArray());
        Assert.Equal((SessionPlacement.CpuProvider, "cpu"), (found!.Provider, found.RunsOn));
        Assert.Contains(why, found.Reason, StringComparison.Ordinal);
        Assert.NotEmpty(found.CpuNodesByOperator);
    }

    private static ExecutionSettings Pretended(ExecutionTarget target) =>
        new(1) { Target = target, ProviderLibrary = NativeBuild.Provider(gpus: 2) };

    private static void AssertLibrary(string library, string found, string remedy)
    {
        var fault = Fault(new ExecutionSettings(1) { Target = ExecutionTarget.Cuda(), ProviderLibrary = library });
        Assert.Equal(ExecutionTargetException.ProviderLibrarySetting, fault.Setting);
        Assert.StartsWith($"{ExecutionTargetException.ProviderLibrarySetting} '{library}': ", fault.Message, StringComparison.Ordinal);
        Assert.Contains(found, fault.Message, StringComparison.Ordinal);
        Assert.Contains(remedy, fault.Message, StringComparison.Ordinal);
    }

    private static ExecutionTargetException Fault(ExecutionSettings settings) =>
        Assert.Throws<ExecutionTargetException>(() => new LanguageDecoder(Folder, settings));
}
