using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Tests.Fakes;

namespace MobileVlm.Edge.Actors.Tests.Questions;

public sealed class ExclusiveScheduleTests
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(10);

    private readonly FakeTime _time = new();
    private readonly StandingQuestion _question = new("person", "person", QuestionKind.YesNo, Every);
    private readonly QuestionSchedule _schedule;

    public ExclusiveScheduleTests() => _schedule = new QuestionSchedule([_question], _ => true, _time, isExclusive: true);

    private IReadOnlyList<StandingQuestion> Take() => _schedule.TakeDue(_time.GetTimestamp(), [], out _);

    [Fact]
    public void A_question_in_flight_is_not_taken_again_until_it_has_ended()
    {
        Assert.Equal([_question], Take());
        _time.Advance(3 * Every);
        Assert.Empty(Take());
        Assert.True(_schedule.MustWait(_time.GetTimestamp()));
        _schedule.End([_question], isLost: false);
        Assert.False(_schedule.MustWait(_time.GetTimestamp()));
        Assert.Equal([_question], Take());
    }

    [Fact]
    public void A_lost_question_is_due_at_once_and_keeps_its_grid()
    {
        Take();
        _schedule.End([_question], isLost: false);
        _time.Advance(Every);
        Take();
        _time.Advance(TimeSpan.FromSeconds(4));
        _schedule.End([_question], isLost: true);
        Assert.Equal([_question], Take());
        _schedule.End([_question], isLost: false);
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.Empty(Take());
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal([_question], Take());
    }

    [Fact]
    public void An_answered_question_is_not_due_again_before_its_time()
    {
        Take();
        _schedule.End([_question], isLost: false);
        Assert.Empty(Take());
        Assert.False(_schedule.MustWait(_time.GetTimestamp()));
    }
}
