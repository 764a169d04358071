using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Actors.Pipeline;

/// <summary>The sessions of one pipeline on their threads: opened, used and disposed there and nowhere else.</summary>
internal sealed class ModelSessions
{
    private readonly InferenceThread _look;
    private readonly InferenceThread _think;
    private readonly InferenceThread _stills;
    private IVisionEncoder? _encoder;
    private IQuestionAnswerer? _answerer;
    private Task? _closing;

    private ModelSessions(bool overlap)
    {
        _look = new InferenceThread(overlap ? "mvlm-look" : "mvlm-engine");
        // Taking turns on one thread makes it impossible that both stages compute at once.
        _think = overlap ? new InferenceThread("mvlm-think") : _look;
        _stills = new InferenceThread("mvlm-still");
    }

    /// <summary>Opens one session after the other, since both need most memory while they open.</summary>
    public static async Task<ModelSessions> OpenAsync(EdgeDependencies parts, bool overlap)
    {
        var engine = new ModelSessions(overlap);
        try
        {
            engine._encoder = await engine._look.RunAsync(parts.OpenEncoder);
            engine._answerer = await engine._think.RunAsync(parts.OpenAnswerer);
            return engine;
        }
        catch
        {
            await engine.CloseAsync();
            throw;
        }
    }

    public Task<T> LookAsync<T>(Func<IVisionEncoder, T> work) =>
        _look.RunAsync(() => work(_encoder ?? throw new InvalidOperationException("Stage 1 is not open.")));

    public Task<T> ThinkAsync<T>(Func<IQuestionAnswerer, T> work) =>
        _think.RunAsync(() => work(_answerer ?? throw new InvalidOperationException("Stage 2 is not open.")));

    /// <summary>Apart from both stages, so that neither waits for a JPEG.</summary>
    public Task<T> StillAsync<T>(Func<T> work) => _stills.RunAsync(work);

    /// <summary>Disposes the sessions behind the calls that run, each once; done when all threads have ended.</summary>
    public Task CloseAsync() => _closing ??= CloseOnceAsync();

    private async Task CloseOnceAsync()
    {
        // Each is disposed even if the one before failed: a session that stays open takes the memory of the next one.
        try
        {
            await DisposeOnAsync(_think, _answerer);
        }
        finally
        {
            try
            {
                await DisposeOnAsync(_look, _encoder);
            }
            finally
            {
                await _think.EndAsync();
                await _look.EndAsync();
                await _stills.EndAsync();
            }
        }
    }

    private static Task<bool> DisposeOnAsync(InferenceThread thread, IDisposable? session) => thread.RunAsync(() =>
    {
        session?.Dispose();
        return true;
    });
}
