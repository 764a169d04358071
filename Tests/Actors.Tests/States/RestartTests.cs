using System.Globalization;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.States;

namespace MobileVlm.Edge.Actors.Tests.States;

/// <summary>The process ends in the middle of something and starts again.</summary>
public sealed class RestartTests
{
    private static readonly AnswerRules Quiet = new() { Heartbeat = TimeSpan.Zero };

    [Fact]
    public void A_short_restart_keeps_the_state_and_its_beginning_and_publishes_it_once_more()
    {
        var bench = new StateMachineBench(Quiet).Play("0=0.1 5=0.9 9=0.9").Restart(20).Play("20? 21=0.9 22=0.9");

        Assert.Equal("0:no 5:yes 5:no>yes 20:yes", bench.Published);
        Assert.Equal(bench.At(5).Utc, bench.Machine.Current.Since);
    }

    [Fact]
    public void What_changed_while_it_was_away_is_an_event_after_the_restart() => Assert.Equal(
        "0:yes 20:yes 21:no 21:yes>no",
        new StateMachineBench(Quiet).Play("0=0.9").Restart(20).Play("20? 21=0.1").Published);

    [Fact]
    public void After_a_long_absence_the_state_is_unknown_at_first_and_still_known_for_events()
    {
        var bench = new StateMachineBench(Quiet).Play("0=0.9").Restart(3600);
        Assert.Null(bench.Machine.Current.Value);
        Assert.Equal("yes", bench.Machine.Current.LastKnown);

        Assert.Equal("0:yes 3601:yes", bench.Restart(3600).Play("3600? 3601=0.9").Published);
        Assert.Equal("0:yes 3601:no 3601:yes>no", bench.Play("3600? 3601=0.1").Published);
    }

    [Fact]
    public void The_cool_down_continues_over_a_restart()
    {
        var rules = Quiet with { CoolDown = TimeSpan.FromSeconds(60) };

        Assert.Equal(
            "0:no 1:yes 1:no>yes 10:yes 11:no 62:yes 62:no>yes+1",
            new StateMachineBench(rules).Play("0=0.1 1=0.9").Restart(10).Play("10? 11=0.1 30=0.1 50=0.1 62=0.9").Published);
    }

    [Fact]
    public void A_clock_that_was_set_back_makes_the_cool_down_longer_never_shorter()
    {
        var rules = Quiet with { CoolDown = TimeSpan.FromSeconds(60) };

        var bench = new StateMachineBench(rules).Play("0=0.1 1000=0.9").Restart(5);

        Assert.Equal("0:no 1000:yes 1000:no>yes 6:no 64:yes 66:no 66:yes>no+2", bench.Play("6=0.1 30=0.1 50=0.1 64=0.9 66=0.1").Published);
    }

    [Theory]
    [InlineData("1970-01-01T00:02:00Z")]
    [InlineData("2024-06-01T00:00:00Z")]
    public void A_machine_that_starts_without_the_time_takes_no_old_state_for_a_fresh_one(string now)
    {
        var question = new StandingQuestion("person", "person", QuestionKind.YesNo, TimeSpan.FromSeconds(1))
        {
            Rules = Quiet with { CoolDown = TimeSpan.FromSeconds(60) },
        };
        var saved = new SavedQuestionState(
            QuestionKind.YesNo,
            new QuestionState { Value = "yes", Reason = null, LastKnown = "yes", LastKnownAt = new DateTimeOffset(2026, 11, 1, 0, 0, 0, TimeSpan.Zero) },
            new DateTimeOffset(2026, 11, 1, 0, 0, 0, TimeSpan.Zero));
        var machine = new QuestionStateMachine(question, saved, new Instant(TimeSpan.Zero, DateTimeOffset.Parse(now, CultureInfo.InvariantCulture)));

        Assert.Null(machine.Current.Value);
        Assert.Equal("yes", machine.Current.LastKnown);
        Assert.Null(Change(5));
        Assert.NotNull(Change(61));

        // The change of state is known at once; the event waits for the cool-down, which began with the restart.
        StateChange? Change(int second)
        {
            machine.Apply(new ParsedAnswer { Value = "yes" }, At(second - 3));
            return machine.Apply(new ParsedAnswer { Value = "no" }, At(second)).Event;
        }

        Instant At(int second) => new(
            TimeSpan.FromSeconds(second), DateTimeOffset.Parse(now, CultureInfo.InvariantCulture).AddSeconds(second));
    }

    [Fact]
    public void A_state_that_was_saved_without_the_time_is_unknown_after_a_restart()
    {
        var unset = new DateTimeOffset(1970, 1, 1, 0, 5, 0, TimeSpan.Zero);
        var saved = new SavedQuestionState(
            QuestionKind.YesNo, new QuestionState { Value = "yes", Reason = null, LastKnown = "yes", LastKnownAt = unset, Since = unset }, unset);
        var question = new StandingQuestion("person", "person", QuestionKind.YesNo, TimeSpan.FromSeconds(1));
        foreach (var now in (DateTimeOffset[])[unset.AddSeconds(5), new(2026, 11, 1, 0, 0, 0, TimeSpan.Zero)])
        {
            var state = new QuestionStateMachine(question, saved, new Instant(TimeSpan.Zero, now)).Current;
            Assert.Equal((null, "yes", null), (state.Value, state.LastKnown, state.LastKnownAt));
        }
    }

    [Fact]
    public void Agreement_that_was_not_complete_before_the_restart_starts_again() => Assert.Equal(
        "1:no 10:no 12:yes 12:no>yes",
        new StateMachineBench(Quiet with { Agree = 2, OutOf = 2 }).Play("0=0.1 1=0.1 2=0.9").Restart(10).Play("10? 11=0.9 12=0.9").Published);

    [Fact]
    public void What_was_known_of_another_kind_of_question_is_forgotten()
    {
        var saved = new StateMachineBench(Quiet).Play("0=0.9").Saved;

        var bench = new StateMachineBench(Quiet, QuestionKind.Number, saved, 5).Play("6=3");

        Assert.Equal("6:3", bench.Published);
    }
}
