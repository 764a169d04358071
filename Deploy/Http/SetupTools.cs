using System.Text.Json.Nodes;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Connectors.Http.Api;
using MobileVlm.Edge.Connectors.Http.Server;
using MobileVlm.Edge.Connectors.Images;
using MobileVlm.Edge.Deploy.Configuration.Binding;
using MobileVlm.Edge.Deploy.Configuration.Overlay;

namespace MobileVlm.Edge.Deploy.Http;

/// <summary>Checks configurations and tries out sources for HTTP clients: few at a time, each within a limit.</summary>
internal sealed class SetupTools(LiveConfiguration live, TimeProvider time) : ISetupTools, IDisposable
{
    /// <summary>Sources that are open at once.</summary>
    private const int MaxTests = 2;

    /// <summary>Longest test of a source.</summary>
    private static readonly TimeSpan TestLimit = TimeSpan.FromSeconds(20);

    /// <summary>Longest check of a configuration; one that names a file on a dead network drive would hang.</summary>
    private static readonly TimeSpan CheckLimit = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _tests = new(MaxTests);
    private int _isChecking;

    /// <inheritdoc/>
    public async Task<JsonObject> CheckConfigurationAsync(ReadOnlyMemory<byte> file, CancellationToken cancel)
    {
        if (Interlocked.Exchange(ref _isChecking, 1) != 0)
        {
            throw HttpFailureException.Busy("another configuration is being checked", RetryAfter);
        }

        var check = Task.Run(
            () =>
            {
                try
                {
                    return Check(file.IsEmpty ? null : file.ToArray());
                }
                finally
                {
                    Volatile.Write(ref _isChecking, 0);
                }
            },
            CancellationToken.None);
        try
        {
            return await check.WaitAsync(CheckLimit, time, cancel);
        }
        catch (TimeoutException)
        {
            throw HttpFailureException.Unavailable($"the check did not end within {CheckLimit.TotalSeconds:0} s; does the configuration name files on a network drive?", RetryAfter);
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<QuestionRemark> CheckQuestion(string text) =>
        [.. QuestionCheck.OfText(text).Select(warning => new QuestionRemark(warning.Word, warning.Message))];

    /// <inheritdoc/>
    public async Task<SourceTestResult> TestSourceAsync(string source, CancellationToken cancel)
    {
        if (CameraSources.FindFault(source) is { } fault)
        {
            throw HttpFailureException.Invalid("source", fault);
        }

        if (live.Current.ToTestSettings(source) is not { } settings)
        {
            throw HttpFailureException.Invalid(
                "source", "only addresses in the network and 'pattern:' can be tested; a file, a device or a GStreamer pipeline only if a camera of the configuration has it");
        }

        if (!_tests.Wait(0, CancellationToken.None))
        {
            throw HttpFailureException.Busy($"{MaxTests} sources are being tested already", RetryAfter);
        }

        try
        {
            return await TestAsync(settings, cancel);
        }
        finally
        {
            _tests.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _tests.Dispose();

    private async Task<SourceTestResult> TestAsync(CameraSettings settings, CancellationToken cancel)
    {
        using var limit = new CancellationTokenSource(TestLimit, time);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancel, limit.Token);
        using var first = await FirstFrame.CaptureAsync(settings, time, ending.Token);
        cancel.ThrowIfCancellationRequested();
        return first.Frame is { } frame
            ? new SourceTestResult(first.Elapsed, new TestedFrame(frame.Width, frame.Height, await Task.Run(() => ImageCodec.EncodeJpeg(frame), cancel)), null)
            : new SourceTestResult(
                first.Elapsed,
                null,
                limit.IsCancellationRequested ? $"{first.Description}: no frame came within {TestLimit.TotalSeconds:0} s" : $"{first.Description}: {first.Reason}");
    }

    private JsonObject Check(byte[]? file)
    {
        try
        {
            var configuration = live.Current.Check(file, live.Overlay);
            return Document(isOk: true, [], configuration.Warnings);
        }
        catch (ConfigurationException invalid)
        {
            return Document(isOk: false, invalid.Errors, invalid.Warnings);
        }
    }

    private static JsonObject Document(bool isOk, IReadOnlyList<ConfigurationProblem> errors, IReadOnlyList<ConfigurationProblem> warnings) => new()
    {
        ["ok"] = isOk,
        ["errors"] = new JsonArray([.. errors.Select(Describe)]),
        ["warnings"] = new JsonArray([.. warnings.Select(Describe)]),
    };

    private static JsonObject Describe(ConfigurationProblem problem) => new()
    {
        ["key"] = problem.Key,
        ["line"] = problem.Line,
        ["message"] = problem.Text,
    };
}
