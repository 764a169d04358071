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

public sealed class SceneGateTests
{
    private static readonly StandingQuestion Person =
        new("person", "Is there a person?", QuestionKind.YesNo, TimeSpan.FromSeconds(1));

    private static readonly StandingQuestion Dog = new("dog", "Is there a dog?", QuestionKind.YesNo, TimeSpan.FromSeconds(1));

    private static readonly (double X, double Y)[] Places = [(0, 0), (0.5, 0.5), (0.713, 0.291), (0.97, 0.94)];

    private readonly FramePool _pool = new();
    private readonly FakeTime _time = new();

    [Theory]
    [InlineData(320, 240)]
    [InlineData(640, 480)]
    [InlineData(1920, 1080)]
    [InlineData(7, 5)]
    public void A_picture_differs_from_itself_by_nothing_and_from_one_of_another_size_by_all(int width, int height)
    {
        Assert.Equal(0, Scene(width, height).DifferenceFrom(Scene(width, height)));
        Assert.Equal(255, Scene(width, height).DifferenceFrom(Scene(width + 1, height)));
    }

    [Theory]
    [InlineData(640, 480)]
    [InlineData(1280, 720)]
    [InlineData(1920, 1080)]
    public void Sensor_noise_is_not_a_change_and_a_small_object_anywhere_is(int width, int height)
    {
        var threshold = new SceneGateSettings().Threshold;
        var quiet = Scene(width, height, noise: 1);
        Assert.InRange(quiet.DifferenceFrom(Scene(width, height, noise: 2)), 0, threshold);

        // A fortieth of the width, a twentieth of the height: three by six of the 336 pixels that the model sees.
        foreach (var (x, y) in Places)
        {
            var seen = Scene(width, height, noise: 2, frame => Paint(frame, x, y, 1 / 40.0, 1 / 20.0, 60));
            Assert.True(seen.DifferenceFrom(quiet) > threshold, $"nothing seen at {x}, {y}");
        }
    }

    [Fact]
    public void A_change_of_colour_alone_is_seen()
    {
        var red = Scene(320, 240, noise: 0, frame => Paint(frame, 0.4, 0.4, 0.1, 0.1, 40, only: 0));
        var green = Scene(320, 240, noise: 0, frame => Paint(frame, 0.4, 0.4, 0.1, 0.1, 20, only: 1));
        Assert.True(red.DifferenceFrom(green) > 10);
    }

    [Fact]
    public void An_answer_is_reused_while_the_scene_is_the_same_and_no_longer_than_the_refresh()
    {
        var gate = NewGate(new SceneGateSettings { Refresh = TimeSpan.FromSeconds(30) });
        var (quiet, other) = (Scene(320, 240), Scene(320, 240, noise: 0, frame => Paint(frame, 0.5, 0.5, 0.1, 0.1, 60)));
        Assert.Null(gate.StillValid(quiet, [Person]));
        Remember(gate, quiet, Person, "yes");

        Assert.Equal("yes", Assert.Single(gate.StillValid(quiet, [Person])!)[0].Value);
        Assert.Null(gate.StillValid(other, [Person]));
        _time.Advance(TimeSpan.FromSeconds(29.9));
        Assert.NotNull(gate.StillValid(quiet, [Person]));
        _time.Advance(TimeSpan.FromSeconds(0.2));
        Assert.Null(gate.StillValid(quiet, [Person]));
    }

    [Fact]
    public void All_due_questions_stand_or_all_are_asked()
    {
        var gate = NewGate(new SceneGateSettings());
        var quiet = Scene(320, 240);
        Remember(gate, quiet, Person, "yes");
        Assert.Null(gate.StillValid(quiet, [Person, Dog]));
        Remember(gate, quiet, Dog, "no");
        Assert.Equal(["no", "yes"], gate.StillValid(quiet, [Dog, Person])!.Select(parts => parts[0].Value));

        // A question of the same name in other words was never asked.
        Assert.Null(gate.StillValid(quiet, [Dog with { Text = "Is there a cat?" }]));
    }

    [Fact]
    public void Slow_change_adds_up_against_the_picture_that_was_asked()
    {
        var gate = NewGate(new SceneGateSettings { Threshold = 2.5 });
        SceneFingerprint At(int level) => Scene(320, 240, noise: 0, frame => Paint(frame, 0, 0, 1, 1, level));
        Remember(gate, At(0), Person, "yes");
        Assert.NotNull(gate.StillValid(At(1), [Person]));
        Assert.NotNull(gate.StillValid(At(2), [Person]));
        Assert.Null(gate.StillValid(At(3), [Person]));
    }

    [Theory]
    [InlineData(0.999, 0.99, true)]
    [InlineData(0.9999, 0.99, false)]
    [InlineData(null, 1.0, false)]
    public void Answers_are_reused_by_visual_tokens_only_where_that_is_enabled(double? least, double scale, bool stands)
    {
        var gate = NewGate(new SceneGateSettings { TokenCosine = least });
        using var then = Tokens(1, 1);
        using var now = Tokens(1, scale is 1 ? 1 : 1.05f);
        gate.Remember(Scene(320, 240), then, [Answered(Person, "yes")]);
        Assert.Equal(stands, gate.StillValid(now, [Person]) is not null);
    }

    [Fact]
    public void What_is_known_of_a_question_that_is_gone_is_forgotten()
    {
        var gate = NewGate(new SceneGateSettings());
        var quiet = Scene(320, 240);
        Remember(gate, quiet, Person, "yes");
        Remember(gate, quiet, Dog, "no");

        gate.Change(new SceneGateSettings(), [Dog]);

        Assert.Null(gate.StillValid(quiet, [Person]));
        Assert.NotNull(gate.StillValid(quiet, [Dog]));
    }

    private SceneGate NewGate(SceneGateSettings settings) =>
        new(settings, new CameraCounters(), question => question.Rules.Thresholds, _time);

    private static VisualTokens Tokens(float first, float second)
    {
        // The second token is the one that changes; the first would pass any threshold.
        var tokens = new VisualTokens(2, 2);
        ((ReadOnlySpan<float>)[1, 0, first, second]).CopyTo(tokens.Values.Span);
        return tokens;
    }

    private void Remember(SceneGate gate, SceneFingerprint view, StandingQuestion question, string value)
    {
        using var tokens = Tokens(1, 1);
        gate.Remember(view, tokens, [Answered(question, value)]);
    }

    private QuestionAnswered Answered(StandingQuestion question, string value) => new(
        question,
        [new Answer(new Question(question.Text, AnswerKind.YesNo), value, value, 0.9, [], FinishReason.Stopped, default)],
        _time.GetUtcNow(), TimeSpan.Zero, 1);

    private SceneFingerprint Scene(int width, int height, int noise = 0, Action<Frame>? change = null)
    {
        using var frame = _pool.Rent(width, height, new CameraId("gate"), new FrameSequence(1), _time.GetUtcNow(), 0);
        var random = new Random(noise);
        for (var i = 0; i < frame.Pixels.Length; i++)
        {
            // Four levels either way, as a cheap sensor has in daylight.
            frame.Pixels[i] = (byte)(100 + (i / 3 % 50) + (noise == 0 ? 0 : random.Next(-7, 8)));
        }

        change?.Invoke(frame);
        return new SceneFingerprint(frame);
    }

    private static void Paint(Frame frame, double x, double y, double width, double height, int brighter, int? only = null)
    {
        var (left, top) = ((int)(x * frame.Width), (int)(y * frame.Height));
        for (var row = top; row < Math.Min(frame.Height, top + (int)(height * frame.Height)); row++)
        {
            for (var column = left; column < Math.Min(frame.Width, left + (int)(width * frame.Width)); column++)
            {
                for (var colour = 0; colour < 3; colour++)
                {
                    if (only is null || only == colour)
                    {
                        frame.Pixels[(((row * frame.Width) + column) * 3) + colour] += (byte)brighter;
                    }
                }
            }
        }
    }
}
