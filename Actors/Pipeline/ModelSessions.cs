using MobileVlm.Edge.Actors.Pacing;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Actors.Pipeline;

/// <summary>The sessions of one pipeline on their threads: opened, used and disposed there and nowhere else.</summary>
internal sealed class ModelSessions
{
    private readonly WorkerThread _encodeThread;
    private readonly WorkerThread _answerThread;
    private readonly WorkerThread _snapshotThread;
    private IVisionEncoder? _encoder;
    private IQuestionAnswerer? _answerer;
    private Task? _closing;

    private readonly EngineDuty? _duty;

    private ModelSessions(bool overlap, EngineDuty? duty)
    {
        _duty = duty;
        _encodeThread = new WorkerThread(overlap ? "mvlm-encode" : "mvlm-engine");
        // Taking turns on one thread makes it impossible that both stages compute at once.
        _answerThread = overlap ? new WorkerThread("mvlm-answer") : _encodeThread;
        _snapshotThread = new WorkerThread("mvlm-snapshot");
    }

    /// <summary>Opens one session after the other, because each needs most memory while it opens.</summary>
    /// <param name="parts">Open the sessions.</param>
    /// <param name="overlap">Whether both stages may compute at once.</param>
    /// <param name="duty">Measures their work; null where nobody needs it.</param>
    public static async Task<ModelSessions> OpenAsync(EdgeDependencies parts, bool overlap, EngineDuty? duty = null)
    {
        var sessions = new ModelSessions(overlap, duty);
        try
        {
            sessions._encoder = await sessions._encodeThread.RunAsync(parts.OpenEncoder ?? throw new InvalidOperationException("This host has no model."));
            sessions._answerer = await sessions._answerThread.RunAsync(parts.OpenAnswerer ?? throw new InvalidOperationException("This host has no model."));
            return sessions;
        }
        catch
        {
            await sessions.CloseAsync();
            throw;
        }
    }

    public Task<T> EncodeAsync<T>(Func<IVisionEncoder, T> work) =>
        _encodeThread.RunAsync(() => Measure(() => work(_encoder ?? throw new InvalidOperationException("Stage 1 is not open."))));

    public Task<T> AnswerAsync<T>(Func<IQuestionAnswerer, T> work) =>
        _answerThread.RunAsync(() => Measure(() => work(_answerer ?? throw new InvalidOperationException("Stage 2 is not open."))));

    /// <summary>Whether work that is not about a camera's frame has put another picture into the decoder since the last frame. Used on the thread of
    /// stage 2 only.</summary>
    public bool IsPictureReplaced { get; set; }

    /// <summary>Encodes snapshots on its own thread, so that neither stage waits for a JPEG.</summary>
    public Task<T> SnapshotAsync<T>(Func<T> work) => _snapshotThread.RunAsync(work);

    /// <summary>The sessions are being disposed, or are.</summary>
    public bool IsClosing => _closing is not null;

    /// <summary>Disposes the sessions behind the calls that run, each once; done when all threads have ended.</summary>
    public Task CloseAsync() => _closing ??= CloseOnceAsync();

    private T Measure<T>(Func<T> work) => _duty is null ? work() : _duty.Measure(work);

    private async Task CloseOnceAsync()
    {
        // Each is disposed even if the one before failed: a session that stays open takes the memory of the next one.
        try
        {
            await DisposeOnAsync(_answerThread, _answerer);
        }
        finally
        {
            try
            {
                await DisposeOnAsync(_encodeThread, _encoder);
            }
            finally
            {
                await _answerThread.EndAsync();
                await _encodeThread.EndAsync();
                await _snapshotThread.EndAsync();
            }
        }
    }

    private static Task<bool> DisposeOnAsync(WorkerThread thread, IDisposable? session) => thread.RunAsync(() =>
    {
        session?.Dispose();
        return true;
    });
}
