using MobileVlm.Edge.Actors.Answers;
using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Scenes;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Actors.Tests.Scenes;

/// <summary>A scene gate as the pipeline uses it: frames of a scene come with due questions, which are answered at once unless earlier
/// answers are reused.</summary>
internal sealed class GateDriver
{
    private static readonly FramePool Pool = new();

    private readonly Dictionary<int, SceneFingerprint> _scenes = [];

    public GateDriver(SceneGateSettings settings) =>
        Gate = new SceneGate(settings, Counters, question => question.Rules.Thresholds, Time);

    public FakeTime Time { get; } = new();

    public CameraCounters Counters { get; } = new();

    public SceneGate Gate { get; }

    /// <summary>What the model answers, by question.</summary>
    public Dictionary<string, Answer> Answers { get; } = [];

    /// <summary>The refresh interval of a question as the statistics show it, in seconds.</summary>
    public double? Interval(StandingQuestion question) => Counters.Question(question.Id).GateRefresh?.TotalSeconds;

    /// <summary>A frame.</summary>
    /// <param name="scene">Frames of the same number show the same.</param>
    /// <param name="due">Questions that are due.</param>
    /// <returns>Whether the model was asked.</returns>
    public bool Frame(int scene, params StandingQuestion[] due)
    {
        var fingerprint = Scene(scene);
        if (Gate.StillValid(fingerprint, due) is not null)
        {
            return false;
        }

        using var tokens = new VisualTokens(1, 1);
        Gate.Remember(fingerprint, tokens, [.. due.Select(question => new QuestionAnswered(
            question, [Answers[question.Id]], Time.GetUtcNow(), TimeSpan.Zero, 1))]);
        return true;
    }

    /// <summary>Frames of one scene, one per second, until the model is asked.</summary>
    /// <returns>The seconds until then.</returns>
    public int SecondsUntilAsked(int scene, params StandingQuestion[] due)
    {
        for (var seconds = 1; seconds < 100_000; seconds++)
        {
            Time.Advance(TimeSpan.FromSeconds(1));
            if (Frame(scene, due))
            {
                return seconds;
            }
        }

        throw new InvalidOperationException("The model is not asked again.");
    }

    public static Answer YesNo(double score) => new(
        new Question("?", AnswerKind.YesNo), score >= 0.5 ? "yes" : "no", score >= 0.5 ? "yes" : "no", score, [], FinishReason.Stopped, default);

    public static Answer Text(string text) =>
        new(new Question("?", AnswerKind.Text, 32), text, text, null, [], FinishReason.Stopped, default);

    private SceneFingerprint Scene(int scene)
    {
        if (!_scenes.TryGetValue(scene, out var fingerprint))
        {
            using var frame = Pool.Rent(8, 8, new CameraId("gate"), new FrameSequence(1), default, 0);
            frame.Pixels.Fill((byte)(100 + (10 * scene)));
            _scenes[scene] = fingerprint = new SceneFingerprint(frame);
        }

        return fingerprint;
    }
}
