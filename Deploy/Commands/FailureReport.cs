using System.Reflection;
using Microsoft.ML.OnnxRuntime;
using MobileVlm.Edge.Connectors.Http.Server;
using MobileVlm.Edge.Connectors.Hub;
using MobileVlm.Edge.Connectors.Images;
using MobileVlm.Edge.Connectors.Mqtt.Broker;
using MobileVlm.Edge.Connectors.Videos;
using MobileVlm.Edge.Deploy.Cli;
using MobileVlm.Edge.Deploy.Configuration;
using MobileVlm.Edge.Deploy.Configuration.Binding;
using MobileVlm.Edge.Inference.Decoding;
using MobileVlm.Edge.Inference.Evaluation.Benchmarks;
using MobileVlm.Edge.Inference.Import.Checkpoints;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Sessions;

namespace MobileVlm.Edge.Deploy.Commands;

/// <summary>Reports an exception to the user of a command: what happened, what to do, and an exit code. A stack trace is
/// printed only if it is requested.</summary>
internal static class FailureReport
{
    /// <summary>The environment variable that, when set to 1, prints the stack traces of unexpected exceptions. The service's unit
    /// sets it, so that they are in the journal.</summary>
    public const string TraceVariable = "MOBILEVLM_TRACE";

    /// <summary>Writes the report to standard error.</summary>
    /// <returns>The exit code.</returns>
    public static int Print(Exception thrown)
    {
        var (code, message) = Describe(thrown);
        Terminal.Error(message);
        if (IsTraceRequested && !IsExpected(Innermost(thrown)))
        {
            Terminal.Info(thrown.ToString());
        }

        return code;
    }

    /// <summary>The exit code and the message of an exception.</summary>
    internal static (int Code, string Message) Describe(Exception thrown) => DescribeCause(Innermost(thrown));

    private static (int Code, string Message) DescribeCause(Exception e) => e switch
    {
        ConfigurationException or ModelFolderException or ExecutionTargetException or UsageException or ClusterCertificateException
            or EmbeddedBrokerPortBusyException or HttpPortBusyException => (ExitCode.Usage, e.Message),
        OperationCanceledException => (ExitCode.Failed, "Stopped before it was done."),
        CheckpointException or ImageFileException or ContextFullException or NonFiniteLogitsException or HubException or BenchmarkDataException or VideoException
            => (ExitCode.Failed, e.Message),
        FileNotFoundException { FileName: { } file } => (ExitCode.Failed, $"{file} does not exist. {e.Message}"),
        IOException => (ExitCode.Failed, WithRemedy(e.Message)),
        // .NET uses this message for a descriptor that cannot be written; in all other cases its message names a path.
        UnauthorizedAccessException { Message: "Access to the path is denied." } => (
            ExitCode.Failed, "Standard output is closed or cannot be written. Send it to a terminal, a file or /dev/null."),
        UnauthorizedAccessException => (ExitCode.Failed, $"{e.Message} Check owner and mode, or run the command as another user."),
        OutOfMemoryException or InsufficientMemoryException => (
            ExitCode.Failed,
            "There is not enough memory for this. Use a smaller model or precision (int4), a shorter context, or a device with more memory."),
        OnnxRuntimeException => (
            ExitCode.Failed,
            $"ONNX Runtime failed: {OneLine(e.Message)} If the model's files may be damaged, check them with 'mobilevlm model verify DIR'; "
            + "if memory is short, use a smaller model or precision."),
        DllNotFoundException or BadImageFormatException or EntryPointNotFoundException => (
            ExitCode.Failed,
            $"A native library cannot be used: {OneLine(e.Message)} Install the package for this system and processor again."),
        _ => (
            ExitCode.Failed,
            $"{e.GetType().Name}: {OneLine(e.Message)} This is a defect of mobilevlm: please report it with the command. "
            + $"{TraceVariable}=1 in the environment prints where it happened."),
    };

    /// <summary>Whether the exception's message is enough, so that a stack trace would not help.</summary>
    private static bool IsExpected(Exception e) => e is ConfigurationException or ModelFolderException or ExecutionTargetException
        or UsageException or ClusterCertificateException or EmbeddedBrokerPortBusyException or HttpPortBusyException or OperationCanceledException or CheckpointException
        or ImageFileException or ContextFullException or HubException or BenchmarkDataException or VideoException or IOException or UnauthorizedAccessException;

    private static bool IsTraceRequested => Environment.GetEnvironmentVariable(TraceVariable) is { Length: > 0 } and not "0";

    /// <summary>Removes the exceptions that reflection, tasks and static constructors wrap around the cause.</summary>
    private static Exception Innermost(Exception e)
    {
        while (e is AggregateException or TargetInvocationException or TypeInitializationException && e.InnerException is { } inner)
        {
            e = inner;
        }

        return e;
    }

    private static string WithRemedy(string message) =>
        message.Contains("No space left", StringComparison.Ordinal) ? $"{OneLine(message)} Free some space, or write to another disk."
        : message.Contains("Read-only file system", StringComparison.OrdinalIgnoreCase) ? $"{OneLine(message)} Write to another folder."
        : message;

    private static string OneLine(string message)
    {
        var line = string.Join(' ', message.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        return line.EndsWith('.') ? line : $"{line}.";
    }
}
