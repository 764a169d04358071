using System.Text.Json.Nodes;
using MobileVlm.Edge.Connectors.Http.Server;

namespace MobileVlm.Edge.Connectors.Http.Api;

/// <summary>Tries out configurations and camera sources for somebody who sets the device up. Thread-safe.</summary>
public interface ISetupTools
{
    /// <summary>Checks a configuration as <c>config check</c> does.</summary>
    /// <param name="file">The content of a configuration file; empty for the files of the running service.</param>
    /// <param name="cancel">The client left or the service stops.</param>
    /// <returns><c>{"ok","errors":[],"warnings":[]}</c>.</returns>
    /// <exception cref="HttpFailureException">Another check runs, or it takes too long.</exception>
    Task<JsonObject> CheckConfigurationAsync(ReadOnlyMemory<byte> file, CancellationToken cancel);

    /// <summary>Opens a camera source and waits for its first frame.</summary>
    /// <param name="source">The source as in the configuration.</param>
    /// <param name="cancel">The client left or the service stops.</param>
    /// <exception cref="HttpFailureException">The source is not well formed or may not be tested, or too many tests run.</exception>
    Task<SourceTestResult> TestSourceAsync(string source, CancellationToken cancel);

    /// <summary>Finds what such models usually answer badly, by the words of a question.</summary>
    /// <param name="text">A question in English.</param>
    IReadOnlyList<QuestionRemark> CheckQuestion(string text);
}

/// <summary>A warning about the words of a question.</summary>
/// <param name="Kind">In one word: <c>negation</c>, <c>time</c> or <c>sound</c>.</param>
/// <param name="Message">What is wrong and what to do.</param>
public sealed record QuestionRemark(string Kind, string Message);

/// <summary>What the test of a source found.</summary>
/// <param name="Elapsed">How long it took.</param>
/// <param name="Frame">The first frame; null when none came.</param>
/// <param name="Reason">Why none came, without passwords; null when one came.</param>
public sealed record SourceTestResult(TimeSpan Elapsed, TestedFrame? Frame, string? Reason);

/// <summary>A frame of a tested source.</summary>
/// <param name="Width">Pixels.</param>
/// <param name="Height">Pixels.</param>
/// <param name="Jpeg">The picture.</param>
public sealed record TestedFrame(int Width, int Height, ReadOnlyMemory<byte> Jpeg);
