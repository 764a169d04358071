using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.States;
using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Connectors.Frames;

namespace MobileVlm.Edge.Actors.Tests.States;

public sealed class QuestionStateStoreTests : IDisposable
{
    private static readonly CameraId Gate = new("gate");

    private readonly string _folder = Directory.CreateTempSubdirectory("mobilevlm-state-").FullName;
    private readonly RecordingLogger _log = new();
    private readonly FakeTime _time = new();

    private string Path => System.IO.Path.Combine(_folder, QuestionStateFile.FileName);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void What_is_kept_comes_back_as_it_was()
    {
        var (store, switches) = Store();
        switches.Set(Gate, "person", false);
        store.Write(store.Last(States("yes"))!);

        var (again, restored) = Store();

        Assert.Equal(States("yes"), again.Restored.States);
        again.RestoreOverrides();
        Assert.False(restored.IsEnabled(Gate, "person"));
        Assert.Equal([QuestionStateFile.FileName], Directory.GetFiles(_folder).Select(System.IO.Path.GetFileName));
    }

    [Fact]
    public void Changes_are_written_together_and_nothing_while_nothing_changes()
    {
        var (store, _) = Store();
        Assert.NotNull(store.TakeDueSave(States("no")));

        // Within the interval nothing is due, after it what changed is.
        _time.Advance(QuestionStateStore.Interval - TimeSpan.FromMilliseconds(1));
        Assert.Null(store.TakeDueSave(States("yes")));
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal("yes", store.TakeDueSave(States("yes"))!.State.States["gate/person"].State.Value);

        // A state that is only confirmed again is not worth the flash.
        _time.Advance(QuestionStateStore.Interval);
        Assert.Null(store.TakeDueSave(States("yes").ToDictionary(it => it.Key, it => it.Value with
        {
            State = it.Value.State with { LastKnownAt = DateTimeOffset.UnixEpoch, Score = 0.1 },
        })));
    }

    [Fact]
    public void A_state_that_comes_late_does_not_undo_a_later_one_and_does_not_stop_the_next()
    {
        var (store, _) = Store();
        PendingSave Due(string value)
        {
            _time.Advance(QuestionStateStore.Interval);
            return store.TakeDueSave(States(value))!;
        }

        var (first, second, third) = (Due("no"), Due("yes"), Due("no"));
        store.Write(second);
        store.Write(first);
        Assert.Equal("yes", Store().Store.Restored.States["gate/person"].State.Value);

        // The evaluating actor is replaced while a write is in progress.
        store.Write(store.Last(States("yes"))!);
        store.Write(third);
        Assert.Equal("yes", Store().Store.Restored.States["gate/person"].State.Value);
        store.Write(Due("unsure"));
        Assert.Equal("unsure", Store().Store.Restored.States["gate/person"].State.Value);
    }

    [Fact]
    public void What_was_made_an_event_is_due_at_once_and_a_flood_of_events_once_per_second()
    {
        var (store, _) = Store();
        store.TakeDueSave(States("no"));
        _time.Advance(QuestionStateStore.IntervalOfEvents);

        Assert.Equal(EventAt(1), store.TakeDueSave(WithEvent(1))!.State.States["gate/person"].LastEventAt);
        Assert.Null(store.TakeDueSave(WithEvent(2)));
        _time.Advance(QuestionStateStore.IntervalOfEvents);
        Assert.Equal(EventAt(3), store.TakeDueSave(WithEvent(3))!.State.States["gate/person"].LastEventAt);
        _time.Advance(QuestionStateStore.IntervalOfEvents);
        Assert.Null(store.TakeDueSave(WithEvent(3)));

        static DateTimeOffset EventAt(int second) => DateTimeOffset.UnixEpoch.AddSeconds(second);

        static Dictionary<string, SavedQuestionState> WithEvent(int second) =>
            States("yes").ToDictionary(it => it.Key, it => it.Value with { LastEventAt = EventAt(second) });
    }

    [Theory]
    [InlineData("")]
    [InlineData("{\"v\":1,\"standings\":{\"gate/person\":{\"kind\":\"yesNo\",\"stand")]
    [InlineData("{\"v\":0,\"standings\":{},\"switches\":{}}")]
    [InlineData("{\"v\":1}")]
    [InlineData("[]")]
    [InlineData("{\"v\":1,\"standings\":{\"gate/person\":null},\"switches\":{}}")]
    [InlineData("{\"v\":1,\"standings\":{\"gate/person\":{\"kind\":\"yesNo\",\"standing\":{\"value\":\"yes\",\"score\":9e999}}},\"switches\":{}}")]
    public void A_damaged_file_is_logged_set_aside_and_never_in_the_way(string content)
    {
        File.WriteAllText(Path, content);

        var (store, _) = Store();

        Assert.Empty(store.Restored.States);
        Assert.Equal(content, File.ReadAllText(Path + ".damaged"));
        Assert.Single(_log.Logged(LogLevel.Error, Path));
        store.Write(store.Last(States("yes"))!);
        Assert.Single(Store().Store.Restored.States);
    }

    [Fact]
    public void A_folder_that_cannot_be_written_is_logged_once_and_survived()
    {
        var blocked = System.IO.Path.Combine(_folder, "file");
        File.WriteAllText(blocked, "no folder");
        var store = new QuestionStateStore(
            new QuestionStateFile(blocked, _log.CreateLogger<QuestionStateFile>()), new QuestionStates(_time, TimeZoneInfo.Utc), _time);

        store.Write(store.Last(States("yes"))!);
        store.Write(store.Last(States("no"))!);

        Assert.Single(_log.Logged(LogLevel.Error, blocked));
    }

    [Fact]
    public void A_switch_wins_over_the_configuration_until_it_is_switched_back()
    {
        var switches = Store().Switches;
        var changes = new List<string>();
        switches.Changed += (camera, question, enabled) => changes.Add($"{camera}/{question} {enabled}");

        Assert.True(switches.Set(Gate, "person", false));
        Assert.True(switches.Set(Gate, "person", false));
        switches.Configure([EdgeRig.Plan("gate", EdgeRig.Always)]);
        Assert.False(switches.IsEnabled(Gate, "person"));
        Assert.True(switches.Set(Gate, "person", true));

        Assert.Empty(switches.Switched);
        Assert.Equal(["gate/person False", "gate/person True"], changes);
        Assert.False(switches.Set(Gate, "nobody", true));
        Assert.False(switches.IsEnabled(Gate, "nobody"));
    }

    internal static Dictionary<string, SavedQuestionState> States(string value)
    {
        var at = new DateTimeOffset(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
        return new()
        {
            ["gate/person"] = new SavedQuestionState(
                QuestionKind.YesNo,
                new QuestionState { Value = value, Reason = null, Since = at, Score = 0.97, LastKnown = value, LastKnownAt = at },
                at),
        };
    }

    private (QuestionStateStore Store, QuestionSwitches Switches) Store()
    {
        var questions = new QuestionStates(_time, TimeZoneInfo.Utc);
        questions.Configure([EdgeRig.Plan("gate", EdgeRig.Always)]);
        return (new QuestionStateStore(
            new QuestionStateFile(_folder, _log.CreateLogger<QuestionStateFile>()), questions, _time), questions.Switches);
    }
}
