using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.States;

namespace MobileVlm.Edge.Actors.Tests.States;

/// <summary>Tables of scores, and what is published of them.</summary>
public sealed class QuestionStateMachineTests
{
    private static readonly AnswerRules Quiet = new() { Heartbeat = TimeSpan.Zero };

    [Theory]
    // A score that wanders between the thresholds (0.4 and 0.6) flips nothing.
    [InlineData("0=0.9 1=0.55 2=0.45 3=0.55 4=0.41 5=0.59 6=0.9", "0:yes")]
    // Down from the lower one it is no, up from the upper one it is yes: one event each.
    [InlineData("0=0.1 1=0.61 2=0.5 3=0.39 4=0.5 5=0.97", "0:no 1:yes 1:no>yes 3:no 3:yes>no 5:yes 5:no>yes")]
    // On a threshold is clear.
    [InlineData("0=0.6 1=0.4", "0:yes 1:no 1:yes>no")]
    // What was so before the first frame did not happen: the parked car is not an event.
    [InlineData("0=0.97 1=0.98 2=0.99", "0:yes")]
    // With nothing to keep, an unclear score answers nothing at first.
    [InlineData("0=0.5 1=0.5 2=0.9", "2:yes")]
    public void A_state_changes_at_the_thresholds_only(string scores, string published) =>
        Assert.Equal(published, new StateMachineBench(Quiet).Play(scores).Published);

    [Theory]
    [InlineData("0=0.9 1=0.5 2=0.9", "0:yes 1:unknown(uncertain) 2:yes")]
    // Through unknown to the other value is one change, from the last known one.
    [InlineData("0=0.9 1=0.5 2=0.1", "0:yes 1:unknown(uncertain) 2:no 2:yes>no")]
    [InlineData("0=0.5 1=0.5", "0:unknown(uncertain)")]
    public void An_unclear_score_makes_the_state_unknown_where_that_is_configured(string scores, string published) =>
        Assert.Equal(published, new StateMachineBench(Quiet with { WhenUnsure = UnsureRule.Unknown }).Play(scores).Published);

    [Theory]
    [InlineData("0=0.9 1=0.9! 2=0.9", UnsureRule.Keep, "0:yes 1:unknown(notYesNo) 2:yes")]
    [InlineData("0=0.9 1=0.1! 2=0.1", UnsureRule.Unknown, "0:yes 1:unknown(notYesNo) 2:no 2:yes>no")]
    [InlineData("0=0.9! 1=0.1!", UnsureRule.Keep, "0:unknown(notYesNo)")]
    public void An_answer_that_is_neither_yes_nor_no_keeps_nothing(string scores, UnsureRule unsure, string published) =>
        Assert.Equal(published, new StateMachineBench(Quiet with { WhenUnsure = unsure }).Play(scores).Published);

    [Theory]
    // 3 of 5: two false alarms of five change nothing, three do.
    [InlineData("0=0.1 1=0.1 2=0.1 3=0.9 4=0.1 5=0.9 6=0.1 7=0.1 8=0.1", "2:no")]
    [InlineData("0=0.1 1=0.1 2=0.1 3=0.9 4=0.1 5=0.9 6=0.9", "2:no 6:yes 6:no>yes")]
    // A gap longer than the patience (30 s): what was seen before does not count.
    [InlineData("0=0.1 1=0.1 2=0.1 3=0.9 4=0.9 35=0.9 36=0.9 37=0.9", "2:no 37:yes 37:no>yes")]
    // A flapping picture never agrees.
    [InlineData("0=0.9 1=0.1 2=0.9 3=0.1", "")]
    public void Enough_of_the_last_answers_must_agree(string scores, string published) =>
        Assert.Equal(published, new StateMachineBench(Quiet with { Agree = 3, OutOf = 5 }).Play(scores).Published);

    [Theory]
    // Yes must be seen for 3 s; no counts at once.
    [InlineData("0=0.1 1=0.9 2=0.9 3=0.9 4=0.9 5=0.1", "0:no 4:yes 4:no>yes 5:no 5:yes>no")]
    // One no in between starts again.
    [InlineData("0=0.1 1=0.9 2=0.9 3=0.1 4=0.9 5=0.9 6=0.9", "0:no")]
    // An unclear score between does not: the state that is on its way keeps as well.
    [InlineData("0=0.1 1=0.9 2=0.5 3=0.5 4=0.9", "0:no 4:yes 4:no>yes")]
    // Time alone proves nothing: it takes a picture at the end of the time.
    [InlineData("0=0.1 1=0.9 2? 3? 4? 9? 10=0.9", "0:no 10:yes 10:no>yes")]
    // Nor is it proved over a gap.
    [InlineData("0=0.1 1=0.9 40=0.9 41=0.9 43=0.9", "0:no 43:yes 43:no>yes")]
    public void A_new_value_must_hold_for_its_time(string scores, string published) =>
        Assert.Equal(
            published,
            new StateMachineBench(Quiet with { HoldFor = TimeSpan.FromSeconds(3), HoldNoFor = TimeSpan.Zero }).Play(scores).Published);

    [Fact]
    public void A_clear_answer_that_completes_the_hold_time_of_unclear_ones_does_not_make_unknown_a_known_value() => Assert.Equal(
        "4:no 9:unknown(uncertain) 14:yes 14:no>yes",
        new StateMachineBench(new AnswerRules { Agree = 2, OutOf = 3, HoldFor = TimeSpan.FromSeconds(3), WhenUnsure = UnsureRule.Unknown })
            .Play("0=0.1 1=0.1 4=0.1 5=0.5 6=0.5 9=0.1 10=0.9 11=0.9 14=0.9").Published);

    [Fact]
    public void A_state_counts_from_the_first_frame_that_showed_it()
    {
        var bench = new StateMachineBench(Quiet with { HoldFor = TimeSpan.FromSeconds(3), HoldNoFor = TimeSpan.Zero })
            .Play("0=0.1 1=0.9 2=0.9 3=0.9 4=0.9 5=0.9");

        Assert.Equal(bench.At(1).Utc, bench.Machine.Current.Since);
        Assert.Equal(bench.At(5).Utc, bench.Machine.Current.LastKnownAt);
        Assert.Equal(0.9, bench.Machine.Current.Score);
    }

    [Theory]
    // The cool-down of 10 s counts from the last event that was sent; the state stays correct meanwhile.
    [InlineData("0=0.1 1=0.9 2=0.1 3=0.9 12=0.1", "0:no 1:yes 1:no>yes 2:no 3:yes 12:no 12:yes>no+2")]
    // One that was held back prolongs nothing.
    [InlineData("0=0.1 1=0.9 9=0.1 11=0.9", "0:no 1:yes 1:no>yes 9:no 11:yes 11:no>yes+1")]
    public void After_an_event_there_is_none_for_the_cool_down(string scores, string published) =>
        Assert.Equal(published, new StateMachineBench(Quiet with { CoolDown = TimeSpan.FromSeconds(10) }).Play(scores).Published);

    [Fact]
    public void A_muted_change_starts_no_cool_down()
    {
        var bench = new StateMachineBench(Quiet with { CoolDown = TimeSpan.FromSeconds(10) });
        bench.Machine.IsMuted = true;
        bench.Play("0=0.1 1=0.9");
        bench.Machine.IsMuted = false;
        Assert.Equal("0:no 1:yes 2:no 2:yes>no 3:yes", bench.Play("2=0.1 3=0.9").Published);
    }

    [Theory]
    [InlineData(EventRule.Yes, "0:no 1:yes 1:no>yes 2:no 3:yes 3:no>yes")]
    [InlineData(EventRule.No, "0:no 1:yes 2:no 2:yes>no 3:yes")]
    [InlineData(EventRule.Never, "0:no 1:yes 2:no 3:yes")]
    public void Only_the_configured_changes_are_events(EventRule events, string published) =>
        Assert.Equal(published, new StateMachineBench(Quiet with { Events = events }).Play("0=0.1 1=0.9 2=0.1 3=0.9").Published);

    [Theory]
    // Within the patience (30 s for a question asked each second) the state stands, then it is unknown, once.
    [InlineData("0=0.9 10? 30? 31?noPicture 32?noPicture 60?noPicture", "0:yes 31:unknown(noPicture)")]
    // Back as it was: no event. Back otherwise: one, from the last known value.
    [InlineData("0=0.9 31?noPicture 40=0.9", "0:yes 31:unknown(noPicture) 40:yes")]
    [InlineData("0=0.9 31?modelFailed 40=0.1", "0:yes 31:unknown(modelFailed) 40:no 40:yes>no")]
    // Never answered: unknown after the patience, not before.
    [InlineData("1? 30? 31?noPicture", "31:unknown(noPicture)")]
    // What is meant counts at once: a question that nobody asks has no state.
    [InlineData("0=0.9 1?disabled 2?disabled 3? 4=0.9", "0:yes 1:unknown(disabled) 4:yes")]
    [InlineData("0=0.9 1?outsideSchedule", "0:yes 1:unknown(outsideSchedule)")]
    [InlineData("1?whenFalse", "1:unknown(whenFalse)")]
    public void Without_answers_the_state_becomes_unknown_with_the_reason(string steps, string published) =>
        Assert.Equal(published, new StateMachineBench(Quiet).Play(steps).Published);

    [Theory]
    // A failure is not an unclear answer: hysteresis does not hide it, and the recovery is not an event.
    [InlineData("0=0.9 1=NaN 2=0.9", "0:yes 1:unknown(notFinite) 2:yes")]
    [InlineData("0=0.9 1=NaN 2=NaN 3=0.1", "0:yes 1:unknown(notFinite) 3:no 3:yes>no")]
    [InlineData("0=NaN 1=0.9", "0:unknown(notFinite) 1:yes")]
    // An unclear answer is another thing.
    [InlineData("0=0.9 1=0.5 2=0.9", "0:yes")]
    public void A_question_that_got_no_answer_is_unknown_at_once(string steps, string published) =>
        Assert.Equal(published, new StateMachineBench(Quiet).Play(steps).Published);

    [Fact]
    public void An_unknown_state_keeps_what_was_known_and_when()
    {
        var bench = new StateMachineBench(Quiet).Play("0=0.1 7=0.9 40?noPicture");

        Assert.Equal(
            new QuestionState
            {
                Value = null,
                Reason = UnknownReason.NoPicture,
                Since = bench.At(40).Utc,
                Score = null,
                LastKnown = "yes",
                LastKnownAt = bench.At(7).Utc,
            },
            bench.Machine.Current);
    }

    [Fact]
    public void The_reason_follows_what_is_waited_for_without_publishing_the_state_again()
    {
        var bench = new StateMachineBench(Quiet).Play("0=0.9 40?noPicture");

        var evaluation = bench.Machine.Tick(UnknownReason.ModelFailed, bench.At(41));

        Assert.Equal(new Evaluation(PublishesState: false, PublishesAnswer: true, null), evaluation);
        Assert.Equal(UnknownReason.ModelFailed, bench.Machine.Current.Reason);
        Assert.Equal(default, bench.Machine.Tick(UnknownReason.ModelFailed, bench.At(42)));
    }

    [Fact]
    public void A_state_is_published_again_by_its_heartbeat() => Assert.Equal(
        "0:no 10:no 15:yes 15:no>yes 25:yes",
        new StateMachineBench(new AnswerRules { Heartbeat = TimeSpan.FromSeconds(10) })
            .Play("0=0.1 5=0.1 9? 10? 11? 15=0.9 20=0.9 24? 25? 26?").Published);

    [Fact]
    public void Answers_are_published_each_time_or_when_the_state_changes()
    {
        Assert.Equal("yes yes yes no", Answers(AnswerRule.Each));
        Assert.Equal("yes - - no", Answers(AnswerRule.Changes));

        static string Answers(AnswerRule rule)
        {
            var bench = new StateMachineBench();
            var machine = new QuestionStateMachine(
                bench.Machine.Question with { Rules = Quiet with { Answers = rule } }, null, bench.At(0));
            return string.Join(' ', ((string[])["yes", "yes", "yes", "no"]).Index().Select(it =>
                machine.Apply(new ParsedAnswer { Value = it.Item }, bench.At(it.Index)).PublishesAnswer ? it.Item : "-"));
        }
    }

    [Theory]
    [InlineData("0=2 1=2 2=3", "0:2 2:3 2:2>3")]
    // An unreadable number has no value.
    [InlineData("0=2 1=several 2=2 3=many", "0:2 1:unknown(notANumber) 2:2 3:unknown(notANumber)")]
    public void Numbers_are_states_and_unreadable_ones_unknown(string numbers, string published) =>
        Assert.Equal(published, new StateMachineBench(Quiet, QuestionKind.Number).Play(numbers).Published);

    [Fact]
    public void Another_wording_of_a_text_is_not_an_event() =>
        Assert.Equal("0:quiet 1:busy", new StateMachineBench(Quiet, QuestionKind.Text).Play("0=quiet 1=busy 2=busy").Published);

    [Fact]
    public void Other_rules_keep_what_is_known_and_another_kind_does_not()
    {
        var bench = new StateMachineBench(Quiet).Play("0=0.9");

        bench.Machine.Change(bench.Machine.Question with { Rules = Quiet with { Agree = 2, OutOf = 2 } });
        Assert.Equal("yes", bench.Machine.Current.Value);
        bench.Machine.Change(bench.Machine.Question with { Kind = QuestionKind.Text });
        Assert.Equal(QuestionState.Nothing, bench.Machine.Current);
    }
}
