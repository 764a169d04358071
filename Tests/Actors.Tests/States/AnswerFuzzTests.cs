using System.Text;
using System.Text.Json;
using CsCheck;
using Microsoft.Extensions.Logging.Abstractions;
using MobileVlm.Edge.Actors.Answers;
using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.Pipeline;
using MobileVlm.Edge.Actors.Publishing;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Questions.AnswerTypes;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Actors.States;
using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Inference.Answers;

namespace MobileVlm.Edge.Actors.Tests.States;

/// <summary>Every output of a model becomes a value or a reason, and messages that a subscriber can read.</summary>
public sealed class AnswerFuzzTests
{
    private static readonly CameraId Gate = new("gate");

    /// <summary>What small models write when they go wrong, and what no model should.</summary>
    private static readonly Gen<string> Piece = Gen.OneOf(
        One(
            "hundred ", "hundred million ", "one ", "twenty-", "no ", "-", ".", ",", "1e308 ", "NaN ", "Infinity ", "-0", "9", "99999999",
            "{\"a\":", "[", "]}", "\"", "\\", "null", "true", "unknown", "yes", " ", "\n", "\t", "\0", "\u0007", "\u001b[31m", "\u0085",
            "\ufffd", "\u200b", "\ufeff", "é", "日本", "😀", "e\u0301\u0301\u0301", "</s>", "km/h"),
        Gen.Select(One('0', '1', '9', '(', 'a', '\n', '\ufffd'), Gen.Int[1, 400], (c, n) => new string(c, n)),
        Gen.Select(One("hundred ", "million ", "12 ", "yes ", "{\"a\":"), Gen.Int[1, 200], (s, n) => string.Concat(Enumerable.Repeat(s, n))),
        Gen.String);

    private static readonly Gen<string> Text = Piece.Array[0, 6].Select(string.Concat);

    private static readonly Gen<double?> Score = Gen.OneOf(
        Gen.Double[0, 1].Select(it => (double?)it),
        One<double?>(null, double.NaN, double.PositiveInfinity, double.NegativeInfinity, double.MaxValue, -1, 0.5));

    private static readonly Gen<StandingQuestion> Question = Gen.Select(
        One(Enum.GetValues<QuestionKind>()), Gen.Bool, One<string?>(null, "km/h", "%"),
        (kind, keep, unit) => new StandingQuestion("q", "Anything?", kind, TimeSpan.Zero)
        {
            Choices = kind == QuestionKind.Choice ? ["red", "blue"] : [],
            Number = keep ? new NumberBounds(-1e9, 1e9, unit) : NumberBounds.Any with { Unit = unit },
            Fields = kind == QuestionKind.Json
                ? [
                    new QuestionField("a", "?", QuestionKind.YesNo), new QuestionField("b", "?", QuestionKind.Number),
                    new QuestionField("c", "?", QuestionKind.Text),
                    new QuestionField("d", "?", QuestionKind.Choice) { Choices = ["x", "y"] },
                ]
                : [],
            Rules = new AnswerRules { WhenUnsure = keep ? UnsureRule.Keep : UnsureRule.Unknown, Events = EventRule.Changes },
        });

    [Fact]
    public void A_reading_has_a_value_or_a_reason_and_only_finite_numbers() =>
        Gen.Select(Question, Text, Score, One<AnswerFailureKind?>(null, AnswerFailureKind.TooLong, AnswerFailureKind.NotFinite, AnswerFailureKind.EngineFault)).Sample(
            (question, text, score, failure) =>
            {
                var reading = AnswerHandler.Of(question.Kind).Parse(question, Parts(question, text, score, failure), new Thresholds());

                Assert.NotEqual(reading.Value is null, reading.Unclear is null);
                Assert.NotEqual("", reading.Value);
                Assert.True(double.IsFinite(reading.Score ?? 0) && double.IsFinite(reading.Number ?? 0), $"{reading}");
                Assert.All(reading.Choices, choice => Assert.True(double.IsFinite(choice.Value)));
                Assert.Equal(failure is not null, failure is not null && reading.IsFailure);
            },
            iter: 20_000);

    [Fact]
    public void After_any_answers_every_message_can_be_written_and_read()
    {
        var rig = new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always));
        rig.Build();
        var messages = new MessageFactory(
            rig.Settings, rig.Parts.Topics,
            new ClockMonitor(TimeProvider.System, NullLogger<ClockMonitor>.Instance));

        Gen.Select(Question, Gen.Select(Text, Score, Gen.Bool).Array[1, 6]).Sample(
            (question, answers) =>
            {
                var time = new FakeTime();
                var evaluators = new QuestionEvaluators(
                    new QuestionStates(time, TimeZoneInfo.Utc), new EdgeCounters(), new Dictionary<string, SavedQuestionState>(),
                    new ClockMonitor(time, NullLogger<ClockMonitor>.Instance), time, NullLogger<QuestionEvaluators>.Instance);
                evaluators.Configure([new CameraConfiguration(Gate, [question], Snapshot: false)]);
                foreach (var (text, score, failed) in answers)
                {
                    time.Advance(TimeSpan.FromSeconds(1));
                    var frame = Frame(time, question, Parts(question, text, score, failed ? AnswerFailureKind.NotFinite : null));
                    evaluators.Apply(frame);
                    var evaluated = Assert.Single(evaluators.TakeUnsent());
                    Assert.Single(evaluated.Updates);
                    foreach (var message in messages.Answers(evaluated).Select(later => later.Compose()).Concat(messages.Events(evaluated).Select(compose => messages.Event(compose()))))
                    {
                        if (message.ContentType == "application/json")
                        {
                            using var document = JsonDocument.Parse(message.Payload);
                        }

                        _ = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(message.Payload.Span);
                        Assert.False(message.Payload.IsEmpty, message.Topic);
                        Assert.DoesNotContain((byte)0, message.Payload.ToArray());
                    }
                }

                // What survives a restart is written as JSON too.
                _ = JsonSerializer.Serialize(evaluators.Saved);
            },
            iter: 500);
    }

    private static Gen<T> One<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(at => values[at]);

    private static IReadOnlyList<Answer> Parts(StandingQuestion question, string text, double? score, AnswerFailureKind? failure) =>
        [.. new QuestionBatch([question]).Questions.Select(part => failure is { } kind
            ? Answer.Failed(part, kind, new InvalidOperationException("as the test wants"))
            : new Answer(
                part,
                part.Kind switch { AnswerKind.YesNo => "yes", AnswerKind.Choice => part.Choices[0], _ => text },
                text,
                part.Kind == AnswerKind.Text ? null : score,
                [],
                FinishReason.Stopped,
                default)
            {
                ChoiceScores = part.Kind == AnswerKind.Choice ? [score ?? 0, 1 - (score ?? 0)] : [],
            })];

    private static FrameAnswered Frame(TimeProvider time, StandingQuestion question, IReadOnlyList<Answer> parts) => new()
    {
        Camera = Gate,
        Sequence = new FrameSequence(1),
        CapturedAt = time.GetUtcNow(),
        CapturedTimestamp = time.GetTimestamp(),
        Age = TimeSpan.Zero,
        AgeAtSelection = TimeSpan.Zero,
        GateTime = TimeSpan.Zero,
        EncodeTime = TimeSpan.Zero,
        PrefillTime = TimeSpan.Zero,
        Answers = [new QuestionAnswered(question, parts, time.GetUtcNow(), TimeSpan.Zero, 1)],
    };
}
