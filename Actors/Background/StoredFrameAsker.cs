using MobileVlm.Edge.Actors.AdHoc;
using MobileVlm.Edge.Actors.Pipeline;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Scanning;
using MobileVlm.Edge.Actors.Scenes;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Connectors.Images;
using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Decoding;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Actors.Background;

/// <summary>Asks questions about stored frames as the pipeline does, when no question of a camera needs the engine. Thread-safe.</summary>
/// <param name="decoding">Decodes the frames.</param>
/// <param name="engine">The engine, once the service is started.</param>
/// <param name="turns">When it may be used.</param>
internal sealed class StoredFrameAsker(UploadDecodingQueue decoding, Func<EngineAccess> engine, LowPriorityTurns turns)
{
    /// <summary>How often a frame is tried again after the engine was opened anew.</summary>
    private const int MaxRetries = 2;

    /// <summary>Decodes a stored frame. The caller owns it.</summary>
    /// <exception cref="ImageFileException">It is not a usable picture.</exception>
    public Task<Frame> DecodeAsync(ReadOnlyMemory<byte> jpeg) => decoding.DecodeAsync(jpeg);

    /// <summary>Encodes a frame, or the region of it. The caller disposes the tokens.</summary>
    /// <exception cref="EngineUnavailableException">The engine failed or was closed.</exception>
    public Task<VisualTokens> EncodeAsync(Frame frame, FrameRegion? region, CancellationToken cancel) =>
        turns.RunAsync(() => engine().EncodeAsync(encoder => RegionCrop.Encode(encoder, frame, region), cancel), cancel);

    /// <summary>Asks one question about visual tokens.</summary>
    /// <returns>An answer with a score.</returns>
    /// <exception cref="ArgumentException">The model gave none.</exception>
    /// <exception cref="EngineUnavailableException">The engine failed or was closed.</exception>
    public Task<Answer> AskAsync(VisualTokens tokens, Question question, CancellationToken cancel) => turns.RunAsync(
        () => engine().AskAsync(
            answerer =>
            {
                Answer? given = null;
                answerer.AskAbout(tokens, [question], (_, answer) => given = answer, cancel);
                cancel.ThrowIfCancellationRequested();
                return given is { Failure: null, Score: not null } ? given
                    : throw new ArgumentException(given?.Failure?.Message ?? "the model gave no score");
            },
            cancel),
        cancel);

    /// <summary>Asks one question about a stored frame.</summary>
    /// <param name="jpeg">The frame.</param>
    /// <param name="question">The question.</param>
    /// <param name="region">The part of the frame that it is about; null for all of it.</param>
    /// <param name="cancel">Gives up.</param>
    /// <returns>An answer with a score; null where the frame cannot be decoded or asked about.</returns>
    /// <exception cref="EngineUnavailableException">The engine failed again and again.</exception>
    public async Task<Answer?> AskAsync(ReadOnlyMemory<byte> jpeg, Question question, FrameRegion? region, CancellationToken cancel)
    {
        try
        {
            using var frame = await DecodeAsync(jpeg);
            return await RetryAsync(async () =>
            {
                if (IsEmpty(frame, region))
                {
                    return null;
                }

                using var tokens = await EncodeAsync(frame, region, cancel);
                return await AskAsync(tokens, question, cancel);
            });
        }
        catch (Exception fault) when (fault is ImageFileException or NonFiniteLogitsException or ContextFullException
            || (fault is ArgumentException && fault is not ArgumentNullException))
        {
            return null;
        }
    }

    /// <summary>Asks several questions about a frame: one encoding for each region, and all questions about it in one pass.</summary>
    /// <param name="frame">Not changed and not disposed.</param>
    /// <param name="questions">Each with an id of its own.</param>
    /// <param name="cancel">Gives up.</param>
    /// <returns>The parts of each answer, in the order of the questions.</returns>
    /// <exception cref="EngineUnavailableException">The engine failed again and again.</exception>
    public Task<IReadOnlyList<IReadOnlyList<Answer>>> AskAsync(Frame frame, IReadOnlyList<StandingQuestion> questions, CancellationToken cancel) =>
        RetryAsync(() => AskOnceAsync(frame, questions, cancel));

    private static bool IsEmpty(Frame frame, FrameRegion? region) => region is not null && RegionCrop.IsEmpty(region, frame.Width, frame.Height);

    private static async Task<T> RetryAsync<T>(Func<Task<T>> work)
    {
        for (var retries = 0; ; retries++)
        {
            try
            {
                return await work();
            }
            catch (EngineUnavailableException) when (retries < MaxRetries)
            {
                // The next attempt waits for the new engine.
                continue;
            }
        }
    }

    private async Task<IReadOnlyList<IReadOnlyList<Answer>>> AskOnceAsync(Frame frame, IReadOnlyList<StandingQuestion> questions, CancellationToken cancel)
    {
        var answers = new Dictionary<string, IReadOnlyList<Answer>>();
        foreach (var part in questions.GroupBy(question => question.Region))
        {
            using var tokens = IsEmpty(frame, part.Key) ? null : await EncodeAsync(frame, part.Key, cancel);
            var asked = new ScanSettings([.. part]) { Region = part.Key };
            foreach (var answer in await turns.RunAsync(
                () => engine().AskAsync(answerer => new SampleAsker(answerer, asked).Ask(frame, tokens, cancel), cancel), cancel))
            {
                answers[answer.Question.Id] = answer.Parts;
            }
        }

        return [.. questions.Select(question => answers[question.Id])];
    }
}
