using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Actors.Pipeline;

/// <summary>The engine was opened again, or is closed.</summary>
public sealed class EngineUnavailableException(string message, Exception? cause = null) : Exception(message, cause);

/// <summary>Lends the engine's threads to work that is not about a camera's frame. It takes turns with the pipeline, piece after
/// piece, so each piece must be short. Outlives each engine. Thread-safe.</summary>
public sealed class EngineAccess
{
    private volatile TaskCompletionSource<ModelSessions> _sessions = NotOpen();

    /// <summary>Runs a piece of work where stage 1 runs. Waits for an engine that is being opened.</summary>
    /// <exception cref="EngineUnavailableException">The engine was closed meanwhile.</exception>
    public Task<T> EncodeAsync<T>(Func<IVisionEncoder, T> work, CancellationToken cancel) =>
        RunAsync((sessions, run) => sessions.EncodeAsync(run), work, cancel);

    /// <summary>Runs a piece of work where stage 2 runs. Waits for an engine that is being opened.</summary>
    /// <exception cref="EngineUnavailableException">The engine was closed meanwhile.</exception>
    public Task<T> AnswerAsync<T>(Func<IQuestionAnswerer, T> work, CancellationToken cancel) =>
        RunAsync((sessions, run) => sessions.AnswerAsync(run), work, cancel);

    internal void Opened(ModelSessions sessions) => _sessions.TrySetResult(sessions);

    internal void Closed()
    {
        if (_sessions.Task.IsCompleted)
        {
            _sessions = NotOpen();
        }
    }

    private static TaskCompletionSource<ModelSessions> NotOpen() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task<T> RunAsync<TSession, T>(
        Func<ModelSessions, Func<TSession, T>, Task<T>> start, Func<TSession, T> work, CancellationToken cancel)
    {
        var sessions = await _sessions.Task.WaitAsync(cancel);
        try
        {
            return await start(sessions, session =>
            {
                cancel.ThrowIfCancellationRequested();
                return work(session);
            });
        }
        catch (InvalidOperationException closed) when (sessions.IsClosing)
        {
            throw new EngineUnavailableException("The model was closed or is opened again.", closed);
        }
    }
}
