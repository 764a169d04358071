using Microsoft.ML.OnnxRuntime;
using MobileVlm.Edge.Deploy.Cli;
using MobileVlm.Edge.Deploy.Commands;
using MobileVlm.Edge.Inference.Decoding;

namespace MobileVlm.Edge.EndToEnd.Tests.Commands;

/// <summary>Every exception is reported to the user as one line with a remedy and an exit code.</summary>
public sealed class FailureReportTests
{
    public static TheoryData<Exception, int, string> Known => new()
    {
        { new UsageException("--x is wrong."), 2, "--x is wrong." },
        { new NonFiniteLogitsException(), 1, "mobilevlm model verify" },
        { new ContextFullException(1, 2, 3), 1, "Ask something shorter" },
        { new OperationCanceledException(), 1, "Stopped" },
        { new IOException("No space left on device : '/x'"), 1, "Free some space" },
        { new IOException("Read-only file system : '/x'"), 1, "another folder" },
        { new UnauthorizedAccessException("Access to the path '/x' is denied."), 1, "owner and mode" },
        { new UnauthorizedAccessException("Access to the path is denied."), 1, "Standard output" },
        { new InsufficientMemoryException(), 1, "smaller model" },
        { new DllNotFoundException("Unable to load shared library 'x'\nor one of its dependencies"), 1, "native library" },
    };

    [Theory]
    [MemberData(nameof(Known))]
    public void The_message_of_a_known_exception_includes_a_remedy(Exception thrown, int code, string remedy)
    {
        var (exit, message) = FailureReport.Describe(thrown);

        Assert.Equal(code, exit);
        Assert.Contains(remedy, message, StringComparison.Ordinal);
        Assert.DoesNotContain("defect", message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void An_exception_of_ONNX_Runtime_points_to_the_model()
    {
        var thrown = Assert.ThrowsAny<OnnxRuntimeException>(() => new InferenceSession(new byte[] { 1, 2, 3 }));

        var (exit, message) = FailureReport.Describe(thrown);

        Assert.Equal(1, exit);
        Assert.Contains("mobilevlm model verify DIR", message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Theory]
    [InlineData(typeof(InvalidOperationException))]
    [InlineData(typeof(NullReferenceException))]
    [InlineData(typeof(KeyNotFoundException))]
    [InlineData(typeof(NotSupportedException))]
    [InlineData(typeof(FormatException))]
    public void An_unexpected_exception_is_one_line_that_explains_how_to_get_the_trace(Type type)
    {
        var (exit, message) = FailureReport.Describe((Exception)Activator.CreateInstance(type, "first\nsecond")!);

        Assert.Equal(1, exit);
        Assert.StartsWith($"{type.Name}: first second. This is a defect", message, StringComparison.Ordinal);
        Assert.Contains("MOBILEVLM_TRACE=1", message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_cause_is_reported_and_not_the_exceptions_around_it()
    {
        var wrapped = new AggregateException(new TypeInitializationException("X", new DllNotFoundException("libonnxruntime.so")));

        var (exit, message) = FailureReport.Describe(wrapped);

        Assert.Equal(1, exit);
        Assert.Contains("libonnxruntime.so", message, StringComparison.Ordinal);
        Assert.DoesNotContain("TypeInitialization", message, StringComparison.Ordinal);
    }
}
