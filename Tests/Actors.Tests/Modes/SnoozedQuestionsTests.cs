using MobileVlm.Edge.Actors.Modes;
using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Connectors.Frames;

namespace MobileVlm.Edge.Actors.Tests.Modes;

public sealed class SnoozedQuestionsTests
{
    private const string Question = "person";

    private static readonly CameraId Gate = new("gate");

    private readonly FakeTime _time = new();
    private readonly List<string> _changes = [];

    [Theory]
    [InlineData("0", 0.0)]
    [InlineData("2", 2.0)]
    [InlineData("0.5", 0.5)]
    [InlineData("168", 168.0)]
    public void A_number_of_hours_is_read(string text, double hours) => Assert.Equal(TimeSpan.FromHours(hours), SnoozedQuestions.ReadHours(text));

    [Theory]
    [InlineData("")]
    [InlineData("-1")]
    [InlineData("168.1")]
    [InlineData("NaN")]
    [InlineData("Infinity")]
    [InlineData("1e9")]
    [InlineData("two")]
    public void What_is_not_a_number_of_hours_within_the_range_is_refused(string text) => Assert.Null(SnoozedQuestions.ReadHours(text));

    [Fact]
    public void A_snooze_ends_by_itself_and_reports_begin_and_end()
    {
        var snoozes = Create();
        Assert.True(snoozes.TrySet(Gate, Question, TimeSpan.FromHours(2)));
        Assert.Equal(_time.GetUtcNow() + TimeSpan.FromHours(2), snoozes.Until(Gate, Question));
        _time.Advance(TimeSpan.FromHours(2) - TimeSpan.FromSeconds(1));
        snoozes.Tick();
        Assert.True(snoozes.IsSnoozed(Gate, Question));

        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(snoozes.IsSnoozed(Gate, Question));
        snoozes.Tick();

        Assert.Equal(["gate/person", "gate/person"], _changes);
        Assert.Empty(snoozes.Saved);
        Assert.False(snoozes.TrySet(Gate, "nobody", TimeSpan.FromHours(1)));
    }

    [Fact]
    public void Zero_ends_a_snooze_at_once()
    {
        var snoozes = Create();
        snoozes.TrySet(Gate, Question, TimeSpan.FromHours(2));
        snoozes.TrySet(Gate, Question, TimeSpan.Zero);
        Assert.False(snoozes.IsSnoozed(Gate, Question));
        Assert.Null(snoozes.Until(Gate, Question));
    }

    [Fact]
    public void A_restart_keeps_the_end()
    {
        var saved = Saved(TimeSpan.FromHours(3));
        _time.Advance(TimeSpan.FromHours(1));
        var after = Restored(saved);
        Assert.Equal(saved.Until, after.Until(Gate, Question));
        _time.Advance(TimeSpan.FromHours(2));
        Assert.False(after.IsSnoozed(Gate, Question));
    }

    [Fact]
    public void A_snooze_that_ended_while_the_service_was_off_does_not_come_back()
    {
        var saved = Saved(TimeSpan.FromHours(3));
        _time.Advance(TimeSpan.FromHours(4));
        Assert.False(Restored(saved).IsSnoozed(Gate, Question));
    }

    [Fact]
    public void A_clock_that_is_set_moves_the_published_end_and_not_the_length()
    {
        var snoozes = Create();
        snoozes.TrySet(Gate, Question, TimeSpan.FromHours(2));
        _time.SetWall(_time.GetUtcNow() + TimeSpan.FromDays(100));
        snoozes.Tick();
        Assert.Equal(_time.GetUtcNow() + TimeSpan.FromHours(2), snoozes.Until(Gate, Question));
        Assert.Equal(2, _changes.Count);
        _time.Advance(TimeSpan.FromHours(2));
        Assert.False(snoozes.IsSnoozed(Gate, Question));
    }

    [Fact]
    public void Without_a_clock_a_snooze_holds_and_gets_its_end_when_the_clock_is_set()
    {
        var now = _time.GetUtcNow();
        _time.SetWall(DateTimeOffset.UnixEpoch);
        var snoozes = Create();
        snoozes.TrySet(Gate, Question, TimeSpan.FromHours(2));
        Assert.True(snoozes.IsSnoozed(Gate, Question));
        Assert.Null(snoozes.Until(Gate, Question));

        _time.SetWall(now);
        snoozes.Tick();

        Assert.Equal(now + TimeSpan.FromHours(2), snoozes.Until(Gate, Question));
    }

    [Fact]
    public void After_a_restart_without_a_clock_a_snooze_holds_until_the_clock_shows_that_it_is_over()
    {
        var now = _time.GetUtcNow();
        var saved = Saved(TimeSpan.FromHours(3));
        _time.SetWall(DateTimeOffset.UnixEpoch);
        var after = Restored(saved);
        Assert.True(after.IsSnoozed(Gate, Question));
        Assert.Null(after.Until(Gate, Question));

        _time.SetWall(now + TimeSpan.FromHours(5));
        after.Tick();

        Assert.False(after.IsSnoozed(Gate, Question));
    }

    [Fact]
    public void The_snooze_of_a_question_that_is_removed_is_dropped()
    {
        var snoozes = Create();
        snoozes.TrySet(Gate, Question, TimeSpan.FromHours(2));
        snoozes.Configure([]);
        snoozes.Configure([EdgeRig.Plan("gate", EdgeRig.Always)]);
        Assert.False(snoozes.IsSnoozed(Gate, Question));
    }

    private SnoozedQuestions Create()
    {
        var snoozes = new SnoozedQuestions(_time);
        snoozes.Configure([EdgeRig.Plan("gate", EdgeRig.Always)]);
        snoozes.Changed += (camera, question) => _changes.Add($"{camera}/{question}");
        return snoozes;
    }

    private SavedSnooze Saved(TimeSpan length)
    {
        var snoozes = Create();
        snoozes.TrySet(Gate, Question, length);
        return snoozes.Saved["gate/person"];
    }

    private SnoozedQuestions Restored(SavedSnooze saved)
    {
        var snoozes = Create();
        snoozes.Restore(Gate, Question, saved);
        return snoozes;
    }
}
