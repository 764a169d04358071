using System.Globalization;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Tests.Fakes;

namespace MobileVlm.Edge.Actors.Tests.Questions;

public sealed class QuestionScheduleTests
{
    private readonly FakeTime _time = new();
    private readonly long _start;

    public QuestionScheduleTests() => _start = _time.GetTimestamp();

    [Theory]
    // A frame every 300 ms, asked each second: the grid 0, 1, 2, 3 is kept although no frame comes on it.
    [InlineData(1000, "0 300 600 900 1200 1500 1800 2100 2400 2700 3000", "0 900 2100 3000")]
    // Frames that come late shift nothing.
    [InlineData(1000, "0 1090 2080 3070 4060", "0 1090 2080 3070 4060")]
    // After a gap of an hour one question, not 3600, and the phase is as before.
    [InlineData(1000, "0 1000 3600500 3600600 3601000 3601500 3602000", "0 1000 3600500 3601000 3602000")]
    // Slightly early goes too, and counts for the slot it was early for.
    [InlineData(1000, "0 920 1000 1899 1900 2000", "0 920 1900")]
    // Much too early does not.
    [InlineData(1000, "0 500 800 899", "0")]
    // Zero takes every frame.
    [InlineData(0, "0 1 2 3 50", "0 1 2 3 50")]
    // The first question is asked at the first frame, whenever that is.
    [InlineData(1000, "7777 8000 8777", "7777 8777")]
    public void Questions_keep_their_phase_without_drift_or_burst(int everyMs, string frames, string asked)
    {
        var schedule = Schedule(("person", everyMs));

        var taken = frames.Split(' ').Where(at => schedule.TakeDue(At(at), [], out _).Count > 0);

        Assert.Equal(asked, string.Join(' ', taken));
    }

    [Fact]
    public void Questions_that_are_due_together_go_with_one_frame()
    {
        var schedule = Schedule(("person", 1000), ("scene", 3000));

        var asked = "0 1000 2000 2950 4000 5000 6000".Split(' ')
            .Select(at => string.Join('+', schedule.TakeDue(At(at), [], out _).Select(question => question.Id)));

        Assert.Equal(["person+scene", "person", "person", "person+scene", "person", "person", "person+scene"], asked);
    }

    [Fact]
    public void A_schedule_without_questions_is_never_due()
    {
        var schedule = Schedule();

        Assert.False(schedule.IsDue(At("0")));
        Assert.Empty(schedule.TakeDue(At("1000000"), [], out _));
    }

    private QuestionSchedule Schedule(params (string Id, int EveryMs)[] questions) => new(
        [.. questions.Select(question => new StandingQuestion(
            question.Id, question.Id, QuestionKind.YesNo, TimeSpan.FromMilliseconds(question.EveryMs)))],
        _ => true,
        _time);

    private long At(string milliseconds) =>
        _start + TimeSpan.FromMilliseconds(int.Parse(milliseconds, CultureInfo.InvariantCulture)).Ticks;
}
