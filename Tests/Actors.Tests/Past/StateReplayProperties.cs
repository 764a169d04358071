using CsCheck;
using Microsoft.Extensions.Logging.Abstractions;
using MobileVlm.Edge.Actors.Answers;
using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.Past;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Questions.AnswerTypes;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Actors.States;
using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Connectors.Storage.History;
using MobileVlm.Edge.Inference.Answers;

namespace MobileVlm.Edge.Actors.Tests.Past;

/// <summary>What a replay of stored answers predicts, against the part of the service that evaluates answers, on the same answers and the same
/// clock.</summary>
public sealed class StateReplayProperties
{
    private static readonly CameraId Gate = new("gate");
    private static readonly TimeSpan Half = TimeSpan.FromMilliseconds(500);

    private static readonly Gen<AnswerRules> Rules = Gen.Select(
        Gen.Int[1, 4], Gen.Int[0, 3], Gen.Int[0, 8], Gen.Int[0, 30], Gen.Int[5, 20], Gen.Bool, Gen.Int[20, 80], Gen.Int[0, 30],
        (outOf, fewer, hold, coolDown, patience, keep, yes, between) => new AnswerRules
        {
            OutOf = outOf,
            Agree = Math.Max((outOf / 2) + 1, outOf - fewer),

            // Never exactly a difference of two moments: the fake clock's large timestamps are rounded.
            HoldFor = TimeSpan.FromSeconds(hold + 0.25),
            CoolDown = TimeSpan.FromSeconds(coolDown + 0.25),
            UnknownAfter = TimeSpan.FromSeconds(patience + 0.25),
            WhenUnsure = keep ? UnsureRule.Keep : UnsureRule.Unknown,
            Events = EventRule.Changes,
            Thresholds = new Thresholds { YesAbove = yes / 100.0, NoBelow = Math.Max(0, yes - between) / 100.0 },
        });

    private static readonly Gen<Step> Steps = Gen.Select(
        Gen.Frequency((8, Gen.Int[1, 4]), (1, Gen.Int[5, 40])),
        Gen.Int[0, 100],
        Gen.Frequency((14, Gen.Const(StepKind.Answer)), (2, Gen.Const(StepKind.OtherAnswer)), (1, Gen.Const(StepKind.Failure)), (1, Gen.Const(StepKind.SwitchedOff))),
        (after, score, kind) => new Step(after, score / 100.0, kind));

    private enum StepKind
    {
        Answer,

        /// <summary>The model would say something other than yes or no.</summary>
        OtherAnswer,

        Failure,

        /// <summary>The question is off for the time of the step.</summary>
        SwitchedOff,
    }

    [Fact]
    public void The_predicted_states_and_events_are_those_of_the_running_service() =>
        Gen.Select(Rules, Steps.Array[1, 60]).Sample(
            (rules, steps) =>
            {
                var question = new StandingQuestion("person", "Is there a person?", QuestionKind.YesNo, TimeSpan.FromSeconds(1)) { Rules = rules };
                var service = new Service(question);
                var replay = new StateReplay(question, service.Time.GetUtcNow());

                // Answers come between two ticks.
                service.Time.Advance(Half);
                foreach (var step in steps)
                {
                    var pausedAt = service.Pass(step.After, step.Kind == StepKind.SwitchedOff);
                    if (pausedAt is { } at)
                    {
                        replay.Pause(UnknownReason.Disabled, at);
                        continue;
                    }

                    var parts = PartsOf(question, step);
                    service.Apply(parts);
                    replay.Apply(WhatIfReplay.Parse(question, ToStored(question, parts), rules.Thresholds), service.Time.GetUtcNow());
                }

                service.Pass(30, isOff: false);
                replay.End(service.Time.GetUtcNow());

                Assert.Equal(service.States, replay.States.Select(state => (state.At, state.State)));
                Assert.Equal(service.Events, replay.Events.Select(happened => (happened.At, happened.Change)));
            },
            iter: 400);

    [Fact]
    public void The_first_state_is_no_change_and_silence_is_one()
    {
        var from = new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
        var question = new StandingQuestion("person", "?", QuestionKind.YesNo, TimeSpan.FromSeconds(1))
        {
            Rules = new AnswerRules { UnknownAfter = TimeSpan.FromSeconds(30) },
        };
        var replay = new StateReplay(question, from);
        replay.Apply(new ParsedAnswer { Value = AnswerWords.No }, from.AddSeconds(1));
        Assert.Equal(0, replay.Changes);
        replay.Apply(new ParsedAnswer { Value = AnswerWords.Yes }, from.AddSeconds(2));
        replay.End(from.AddSeconds(60));
        Assert.Equal((2, 1), (replay.Changes, replay.Events.Count));
        Assert.Equal([(1, "no"), (2, "yes"), (33, "unknown")], replay.States.Select(state => ((int)(state.At - from).TotalSeconds, state.State)));
    }

    private static Answer[] PartsOf(StandingQuestion question, Step step)
    {
        var asked = new Question(question.Text, AnswerKind.YesNo) { MinMass = 0.5 };
        return step.Kind == StepKind.Failure
            ? [Answer.Failed(asked, AnswerFailureKind.EngineFault, new InvalidOperationException("as the test wants"))]
            : [new Answer(asked, "yes", "Yes", step.Score, [], FinishReason.Stopped, default) { Mass = step.Kind == StepKind.OtherAnswer ? 0.1 : 0.9 }];
    }

    /// <summary>The answer as the history has it, with the value of the thresholds that held then.</summary>
    private static HistoryAnswer ToStored(StandingQuestion question, Answer[] parts)
    {
        var parsed = AnswerHandler.Of(question.Kind).Parse(question, parts, new Thresholds());
        return new HistoryAnswer(question.Id, parsed.Value) { Score = parsed.Score, Reason = parsed.Unclear?.ToText() };
    }

    private readonly record struct Step(int After, double Score, StepKind Kind);

    /// <summary>Evaluates answers as the service does, and ticks at each whole second.</summary>
    private sealed class Service
    {
        private readonly StandingQuestion _question;
        private readonly QuestionStates _states;
        private readonly QuestionEvaluators _evaluators;
        private string _last = AnswerWords.Unknown;
        private long _sequence;

        public Service(StandingQuestion question)
        {
            _question = question;
            _states = new QuestionStates(Time, TimeZoneInfo.Utc);
            var plan = new CameraConfiguration(Gate, [question], Snapshot: false);
            _states.Configure([plan]);
            _evaluators = new QuestionEvaluators(
                _states, new EdgeCounters(), new Dictionary<string, SavedQuestionState>(),
                new ClockMonitor(Time, NullLogger<ClockMonitor>.Instance), Time, NullLogger<QuestionEvaluators>.Instance);
            _evaluators.Configure([plan]);
        }

        public FakeTime Time { get; } = new();

        public List<(DateTimeOffset At, string State)> States { get; } = [];

        public List<(DateTimeOffset At, StateChange Change)> Events { get; } = [];

        /// <summary>Passes whole seconds, from one half second to another.</summary>
        /// <returns>When the service noticed that the question is off; null where it is not.</returns>
        public DateTimeOffset? Pass(int seconds, bool isOff)
        {
            _states.Switches.Set(Gate, _question.Id, !isOff);
            DateTimeOffset? noticed = null;
            for (var i = 0; i < seconds * 2; i++)
            {
                Time.Advance(Half);
                if (Time.GetUtcNow().Millisecond == 0)
                {
                    noticed ??= isOff ? Time.GetUtcNow() : null;
                    _evaluators.Tick();
                    Note();
                }
            }

            _states.Switches.Set(Gate, _question.Id, true);
            return noticed;
        }

        public void Apply(IReadOnlyList<Answer> parts)
        {
            _evaluators.Apply(new FrameAnswered
            {
                Camera = Gate,
                Sequence = new FrameSequence(++_sequence),
                CapturedAt = Time.GetUtcNow(),
                CapturedTimestamp = Time.GetTimestamp(),
                Age = TimeSpan.Zero,
                AgeAtSelection = TimeSpan.Zero,
                GateTime = TimeSpan.Zero,
                EncodeTime = TimeSpan.Zero,
                PrefillTime = TimeSpan.Zero,
                Answers = [new QuestionAnswered(_question, parts, Time.GetUtcNow(), TimeSpan.Zero, _sequence)],
            });
            Note();
        }

        private void Note()
        {
            foreach (var update in _evaluators.TakeUnsent().SelectMany(updates => updates.Updates))
            {
                if (update.Evaluation.Event is { } change)
                {
                    Events.Add((Time.GetUtcNow(), change));
                }
            }

            if (_states.Of(Gate, _question.Id).State is var state && state != _last)
            {
                _last = state;
                States.Add((Time.GetUtcNow(), state));
            }
        }
    }
}
