using CsCheck;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.States;

namespace MobileVlm.Edge.Actors.Tests.States;

/// <summary>Random histories of one question, against a model that works out each state from the whole history.</summary>
public sealed class QuestionStateMachineProperties
{
    private const string Unknown = "unknown";

    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private static readonly Gen<AnswerRules> Rules = Gen.Select(
        Gen.Int[1, 5], Gen.Int[0, 4], Gen.Int[0, 12], Gen.Int[0, 60], Gen.Int[5, 40], Gen.Bool,
        (outOf, fewer, hold, coolDown, patience, keep) => new AnswerRules
        {
            OutOf = outOf,
            Agree = Math.Max((outOf / 2) + 1, outOf - fewer),
            HoldFor = TimeSpan.FromSeconds(hold),
            CoolDown = TimeSpan.FromSeconds(coolDown),
            UnknownAfter = TimeSpan.FromSeconds(patience),
            WhenUnsure = keep ? UnsureRule.Keep : UnsureRule.Unknown,
            Events = EventRule.Changes,
            Heartbeat = TimeSpan.Zero,
        });

    /// <summary>Mostly clear answers a few seconds apart, with gaps.</summary>
    private static readonly Gen<Step> Steps = Gen.Select(
        Gen.Frequency((8, Gen.Int[0, 5]), (1, Gen.Int[6, 60])),
        Gen.Frequency(
            (5, Gen.Const(StepKind.Yes)),
            (5, Gen.Const(StepKind.No)),
            (2, Gen.Const(StepKind.Unclear)),
            (1, Gen.Const(StepKind.Failure)),
            (2, Gen.Const(StepKind.Tick)),
            (1, Gen.Const(StepKind.Disabled))),
        (after, kind) => new Step(after, kind));

    private enum StepKind
    {
        Yes,
        No,
        Unclear,
        Failure,

        /// <summary>Time passes.</summary>
        Tick,

        /// <summary>Time passes while the question is switched off.</summary>
        Disabled,
    }

    [Fact]
    public void Every_history_leads_to_the_states_and_events_of_the_model() =>
        Gen.Select(Rules, Steps.Array[1, 60]).Sample(
            (rules, steps) =>
            {
                var question = new StandingQuestion("q", "?", QuestionKind.YesNo, TimeSpan.FromSeconds(1)) { Rules = rules };
                var machine = new QuestionStateMachine(question, null, At(0));
                var model = new Model(rules);
                var now = 0;
                var trace = new List<string>();
                foreach (var step in steps)
                {
                    now += step.After;
                    var change = step.Kind switch
                    {
                        StepKind.Tick => machine.Tick(null, At(now)),
                        StepKind.Disabled => machine.Tick(UnknownReason.Disabled, At(now)),
                        _ => machine.Apply(Parsed(step.Kind), At(now)),
                    };
                    var expected = model.Play(now, step.Kind);

                    trace.Add($"{now} {step.Kind}: {machine.Current.State}");
                    Assert.True(model.State == machine.Current.State, $"not {model.State} after {string.Join(", ", trace)}");
                    Assert.Equal(expected, change.Event is { } made ? (made.From, made.To, made.SuppressedChanges) : null);
                    Assert.Equal(machine.Current.Value is null, machine.Current.Reason is not null);
                }
            },
            iter: 20_000);

    private static Instant At(int second) => new(TimeSpan.FromSeconds(second), Start + TimeSpan.FromSeconds(second));

    private static ParsedAnswer Parsed(StepKind kind) => kind switch
    {
        StepKind.Yes => new ParsedAnswer { Value = AnswerWords.Yes },
        StepKind.No => new ParsedAnswer { Value = AnswerWords.No },
        StepKind.Unclear => new ParsedAnswer { Value = null, Unclear = UnknownReason.Uncertain },
        _ => new ParsedAnswer { Value = null, Unclear = UnknownReason.ModelFailed, IsFailure = true },
    };

    private readonly record struct Step(int After, StepKind Kind)
    {
        public override string ToString() => $"+{After} {Kind}";
    }

    private sealed class Model(AnswerRules rules)
    {
        /// <summary>Answers that count, since the history was last dropped.</summary>
        private readonly List<(int At, string Value)> _counted = [];

        private string? _state;
        private string? _lastKnown;
        private bool _isDeliberate;

        /// <summary>False at the start: the first <c>unknown</c> is a change as well.</summary>
        private bool _isDecided;

        private int? _answeredAt;
        private int? _eventAt;
        private int _heldBack;

        public string State => _state ?? Unknown;

        /// <returns>The event, if there is one.</returns>
        public (string From, string To, int HeldBack)? Play(int now, StepKind kind)
        {
            switch (kind)
            {
                case StepKind.Disabled:
                    Drop(isDeliberate: true);
                    return null;
                case StepKind.Failure:
                    Drop(isDeliberate: false);
                    return null;
                case StepKind.Tick:
                    if (now - (_answeredAt ?? 0) > Seconds(rules.UnknownAfter!.Value) || _isDeliberate)
                    {
                        Drop(isDeliberate: false);
                    }

                    return null;
            }

            if (now - _answeredAt > Seconds(rules.UnknownAfter!.Value))
            {
                _counted.Clear();
            }

            _answeredAt = now;
            if (kind == StepKind.Unclear && rules.WhenUnsure == UnsureRule.Keep)
            {
                _isDeliberate = false;
                return null;
            }

            _counted.Add((now, kind switch { StepKind.Yes => AnswerWords.Yes, StepKind.No => AnswerWords.No, _ => Unknown }));
            var agreed = AgreedAt(_counted.Count);
            if (agreed is null || (agreed == State && _isDecided))
            {
                // Only here an unclear answer replaces the reason of an unknown state.
                _isDeliberate &= kind != StepKind.Unclear;
                return null;
            }

            return HasHeld(agreed, now) ? Settle(agreed, now) : null;
        }

        private static int Seconds(TimeSpan span) => (int)span.TotalSeconds;

        /// <summary>The value on which enough of the last answers agree, as of so many counted ones.</summary>
        private string? AgreedAt(int count) => _counted.Take(count).TakeLast(rules.OutOf).GroupBy(it => it.Value)
            .SingleOrDefault(of => of.Count() >= rules.Agree)?.Key;

        /// <summary>For how long there has been agreement on it without a break.</summary>
        private bool HasHeld(string agreed, int now)
        {
            if (_state is null && agreed == _lastKnown)
            {
                return true;
            }

            var first = _counted.Count;
            while (first > 1 && AgreedAt(first - 1) == agreed)
            {
                first--;
            }

            return now - _counted[first - 1].At >= Seconds(rules.HoldFor);
        }

        private (string From, string To, int HeldBack)? Settle(string agreed, int now)
        {
            _isDecided = true;
            _isDeliberate = false;
            if (agreed == Unknown)
            {
                _state = null;
                return null;
            }

            var from = _lastKnown;
            _state = _lastKnown = agreed;
            if (from is null || from == agreed)
            {
                return null;
            }

            if (now - _eventAt < Seconds(rules.CoolDown))
            {
                _heldBack++;
                return null;
            }

            var heldBack = _heldBack;
            (_eventAt, _heldBack) = (now, 0);
            return (from, agreed, heldBack);
        }

        private void Drop(bool isDeliberate)
        {
            _counted.Clear();
            _state = null;
            _isDecided = true;
            _isDeliberate = isDeliberate;
        }
    }
}
