using MobileVlm.Edge.Actors.Pipeline;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Scanning;
using MobileVlm.Edge.Actors.Scenes;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Actors.Past;

/// <summary>Asks questions about a stored frame as the pipeline does: one encoding for each region, and all questions about it in one pass. One
/// caller at a time.</summary>
/// <param name="engine">The engine.</param>
/// <param name="turns">When it may be used.</param>
internal sealed class StoredFrameAsker(EngineAccess engine, LowPriorityTurns turns)
{
    /// <summary>How often a frame is tried again after the engine was opened anew.</summary>
    private const int MaxRetries = 2;

    /// <summary>Asks.</summary>
    /// <param name="frame">Not changed and not disposed.</param>
    /// <param name="questions">Each with an id of its own.</param>
    /// <param name="cancel">Gives up.</param>
    /// <returns>The parts of each answer, in the order of the questions.</returns>
    /// <exception cref="EngineUnavailableException">The engine failed again and again.</exception>
    public async Task<IReadOnlyList<IReadOnlyList<Answer>>> AskAsync(Frame frame, IReadOnlyList<StandingQuestion> questions, CancellationToken cancel)
    {
        for (var retries = 0; ; retries++)
        {
            try
            {
                return await AskOnceAsync(frame, questions, cancel);
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
            var isEmpty = part.Key is { } region && RegionCrop.IsEmpty(region, frame.Width, frame.Height);
            using var tokens = isEmpty ? null : await EncodeAsync(frame, part.Key, cancel);
            var asked = new ScanSettings([.. part]) { Region = part.Key };
            foreach (var answer in await turns.RunAsync(
                () => engine.AskAsync(answerer => new SampleAsker(answerer, asked).Ask(frame, tokens, cancel), cancel), cancel))
            {
                answers[answer.Question.Id] = answer.Parts;
            }
        }

        return [.. questions.Select(question => answers[question.Id])];
    }

    private Task<VisualTokens> EncodeAsync(Frame frame, FrameRegion? region, CancellationToken cancel) =>
        turns.RunAsync(() => engine.EncodeAsync(encoder => RegionCrop.Encode(encoder, frame, region), cancel), cancel);
}
