using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Capture;
using MobileVlm.Edge.Actors.Pipeline;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Connectors.Images;

namespace MobileVlm.Edge.Actors.AdHoc;

/// <summary>Decodes pictures that came with a question, one after the other on its own thread: a large one takes as
/// long as an answer and must not block an actor. The caller limits how many wait. Thread-safe.</summary>
/// <param name="toFrame">Decodes one file.</param>
/// <param name="uploads">Gets the pixels.</param>
/// <param name="logger">Logs unexpected exceptions of the decoder.</param>
internal sealed partial class UploadDecodingQueue(
    Func<ReadOnlyMemory<byte>, Frame> toFrame, UploadedFrameIntake uploads, ILogger<UploadDecodingQueue> logger)
{
    private readonly ILogger _logger = logger;
    private readonly Lazy<WorkerThread> _thread = new(() => new WorkerThread("mvlm-picture"));

    /// <summary>Returns at once. The picture is decoded when its turn comes; if it cannot be used, its questions
    /// fail.</summary>
    /// <param name="file">The picture file.</param>
    /// <param name="questions">The questions about it. If all of them have ended by then, nothing is decoded.</param>
    /// <param name="onUnusable">Called on the decoding thread instead when the file is not a usable picture, with the
    /// reason.</param>
    public void Add(ReadOnlyMemory<byte> file, IReadOnlyList<AdHocQuestion> questions, Action<string> onUnusable) =>
        _ = _thread.Value.RunAsync(() =>
        {
            if (!questions.All(question => question.IsCompleted))
            {
                Decode(file, questions, onUnusable);
            }

            return true;
        });

    /// <summary>Decodes a stored picture in turn with the uploaded ones. The caller owns the frame.</summary>
    /// <exception cref="ImageFileException">It is not a usable picture.</exception>
    /// <exception cref="InvalidOperationException">The service stops.</exception>
    public Task<Frame> DecodeAsync(ReadOnlyMemory<byte> file) => _thread.Value.RunAsync(() => toFrame(file));

    /// <summary>Accepts no more pictures; completes when the last one is decoded.</summary>
    public Task EndAsync() => _thread.IsValueCreated ? _thread.Value.EndAsync() : Task.CompletedTask;

    private void Decode(ReadOnlyMemory<byte> file, IReadOnlyList<AdHocQuestion> questions, Action<string> onUnusable)
    {
        try
        {
            if (!uploads.Add(toFrame(file), questions))
            {
                Fail(questions, "this service is about to stop");
            }
        }
        catch (ImageFileException fault)
        {
            onUnusable(fault.Fault);
        }
        catch (Exception fault)
        {
            LogNotDecoded(fault);
            Fail(questions, "the picture could not be decoded");
        }
    }

    private static void Fail(IReadOnlyList<AdHocQuestion> questions, string reason)
    {
        foreach (var question in questions)
        {
            question.Fail(reason);
        }
    }

    [LoggerMessage(EventId = 84, Level = LogLevel.Error, Message =
        "A picture that came with a question could not be decoded; the question is answered with an error.")]
    private partial void LogNotDecoded(Exception fault);
}
