using MobileVlm.Edge.Actors.Pacing;
using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Decoding;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Actors.Pipeline;

/// <summary>The engine was opened again, or is closed.</summary>
public sealed class EngineUnavailableException(string message, Exception? cause = null) : Exception(message, cause);

/// <summary>A session that can be tried out after a failure.</summary>
public interface IEngineProbe
{
    /// <summary>Does a little work with the model and throws if that fails. On the thread of the session.</summary>
    void Probe();
}

/// <summary>Lends the engine's threads to work that is not about a camera's frame. It takes turns with the pipeline, piece after
/// piece, so each piece must be short. Work that throws what no request can cause has the engine replaced. Outlives each engine.
/// Thread-safe.</summary>
public sealed class EngineAccess
{
    private volatile TaskCompletionSource<OpenEngine> _open = NotOpen();

    /// <summary>Measures the engine's work and says when it rests; null where nothing limits it.</summary>
    internal EngineDuty? Duty { get; init; }

    /// <summary>Whether an engine is open at this moment.</summary>
    internal bool IsOpen => _open.Task.IsCompletedSuccessfully;

    /// <summary>Runs a piece of work where stage 1 runs. Waits for an engine that is being opened.</summary>
    /// <exception cref="EngineUnavailableException">The engine was closed meanwhile, or failed at this work and is opened
    /// again.</exception>
    public Task<T> EncodeAsync<T>(Func<IVisionEncoder, T> work, CancellationToken cancel) =>
        RunAsync((sessions, run) => sessions.EncodeAsync(run), work, cancel);

    /// <summary>Runs a piece of work where stage 2 runs. Waits for an engine that is being opened.</summary>
    /// <exception cref="EngineUnavailableException">The engine was closed meanwhile, or failed at this work and is opened
    /// again.</exception>
    public Task<T> AnswerAsync<T>(Func<IQuestionAnswerer, T> work, CancellationToken cancel) =>
        RunAsync((sessions, run) => sessions.AnswerAsync(run), work, cancel);

    /// <summary>The same for work that puts a picture of its own into the decoder; the pipeline puts its frame there again where it still needs
    /// it.</summary>
    /// <exception cref="EngineUnavailableException">The engine was closed meanwhile, or failed at this work and is opened
    /// again.</exception>
    public Task<T> AskAsync<T>(Func<IQuestionAnswerer, T> work, CancellationToken cancel) => RunAsync(
        (sessions, run) => sessions.AnswerAsync(answerer =>
        {
            sessions.IsPictureReplaced = true;
            return run(answerer);
        }),
        work,
        cancel);

    /// <summary>An engine is open.</summary>
    /// <param name="sessions">The engine.</param>
    /// <param name="onFailed">Called when work finds it broken; more than once perhaps.</param>
    internal void Opened(ModelSessions sessions, Action<Exception> onFailed) => _open.TrySetResult(new OpenEngine(sessions, onFailed));

    internal void Closed()
    {
        if (_open.Task.IsCompleted)
        {
            _open = NotOpen();
        }
    }

    /// <summary>What a request can cause by itself, with a sound engine.</summary>
    private static bool IsOfRequest(Exception fault) =>
        fault is OperationCanceledException or ContextFullException or NonFiniteLogitsException
        || (fault is ArgumentException && fault is not ArgumentNullException);

    /// <summary>Whether the engine still works, so that the request was the cause.</summary>
    private static bool Works(object? session)
    {
        if (session is not IEngineProbe probe)
        {
            return false;
        }

        try
        {
            probe.Probe();
            return true;
        }
        catch (Exception)
        {
            return false;
        }
    }

    private static TaskCompletionSource<OpenEngine> NotOpen() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task<T> RunAsync<TSession, T>(
        Func<ModelSessions, Func<TSession, T>, Task<T>> start, Func<TSession, T> work, CancellationToken cancel)
    {
        var open = _open;
        var (sessions, onFailed) = await open.Task.WaitAsync(cancel);
        try
        {
            return await start(sessions, session =>
            {
                cancel.ThrowIfCancellationRequested();
                try
                {
                    return work(session);
                }
                catch (Exception fault) when (!IsOfRequest(fault))
                {
                    // Not in the filter, which runs before the work has cleaned up after itself.
                    if (Works(session))
                    {
                        throw;
                    }

                    // The next piece of work waits for the next engine.
                    Interlocked.CompareExchange(ref _open, NotOpen(), open);
                    onFailed(fault);
                    throw new EngineUnavailableException($"The model failed and is opened again: {fault.Message}", fault);
                }
            });
        }
        catch (InvalidOperationException closed) when (sessions.IsClosing)
        {
            throw new EngineUnavailableException("The model was closed or is opened again.", closed);
        }
    }

    /// <param name="Sessions">The engine.</param>
    /// <param name="OnFailed">Tells its owner that it failed. Called on the engine's thread.</param>
    private sealed record OpenEngine(ModelSessions Sessions, Action<Exception> OnFailed);
}
