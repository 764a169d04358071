using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.States;
using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Connectors.Cameras;

namespace MobileVlm.Edge.Actors.Tests.Questions;

public sealed class QuestionKeeperTests : IDisposable
{
    private static readonly CameraId Gate = new("gate");

    private readonly string _folder = Directory.CreateTempSubdirectory("mobilevlm-state-").FullName;
    private readonly LogRecord _log = new();
    private readonly FakeTime _time = new();

    private string Path => System.IO.Path.Combine(_folder, QuestionStateFile.FileName);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void What_is_kept_comes_back_as_it_was()
    {
        var (keeper, switches) = Keeper();
        switches.Set(Gate, "person", false);
        keeper.Keep(keeper.Last(Standings("yes"))!);

        var (again, restored) = Keeper();

        Assert.Equal(Standings("yes"), again.Restored.Standings);
        again.RestoreSwitches();
        Assert.False(restored.IsEnabled(Gate, "person"));
        Assert.Equal([QuestionStateFile.FileName], Directory.GetFiles(_folder).Select(System.IO.Path.GetFileName));
    }

    [Fact]
    public void Changes_are_written_together_and_nothing_while_nothing_changes()
    {
        var (keeper, _) = Keeper();
        Assert.NotNull(keeper.Due(Standings("no")));

        // Within the interval nothing is due, after it what changed is.
        _time.Advance(QuestionStateStore.Interval - TimeSpan.FromMilliseconds(1));
        Assert.Null(keeper.Due(Standings("yes")));
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal("yes", keeper.Due(Standings("yes"))!.State.Standings["gate/person"].Standing.Value);

        // A state that is only confirmed again is not worth the flash.
        _time.Advance(QuestionStateStore.Interval);
        Assert.Null(keeper.Due(Standings("yes").ToDictionary(it => it.Key, it => it.Value with
        {
            Standing = it.Value.Standing with { LastKnownAt = DateTimeOffset.UnixEpoch, Score = 0.1 },
        })));
    }

    [Fact]
    public void A_state_that_comes_late_does_not_undo_a_later_one_and_does_not_stop_the_next()
    {
        var (keeper, _) = Keeper();
        PendingSave Due(string value)
        {
            _time.Advance(QuestionStateStore.Interval);
            return keeper.Due(Standings(value))!;
        }

        var (first, second, third) = (Due("no"), Due("yes"), Due("no"));
        keeper.Keep(second);
        keeper.Keep(first);
        Assert.Equal("yes", Keeper().Keeper.Restored.Standings["gate/person"].Standing.Value);

        // The actor that judges is replaced while one is on its way.
        keeper.Keep(keeper.Last(Standings("yes"))!);
        keeper.Keep(third);
        Assert.Equal("yes", Keeper().Keeper.Restored.Standings["gate/person"].Standing.Value);
        keeper.Keep(Due("unsure"));
        Assert.Equal("unsure", Keeper().Keeper.Restored.Standings["gate/person"].Standing.Value);
    }

    [Fact]
    public void What_was_made_an_event_is_due_at_once_and_a_flood_of_events_once_a_second()
    {
        var (keeper, _) = Keeper();
        keeper.Due(Standings("no"));
        _time.Advance(QuestionStateStore.IntervalOfEvents);

        Assert.Equal(EventAt(1), keeper.Due(WithEvent(1))!.State.Standings["gate/person"].LastEventAt);
        Assert.Null(keeper.Due(WithEvent(2)));
        _time.Advance(QuestionStateStore.IntervalOfEvents);
        Assert.Equal(EventAt(3), keeper.Due(WithEvent(3))!.State.Standings["gate/person"].LastEventAt);
        _time.Advance(QuestionStateStore.IntervalOfEvents);
        Assert.Null(keeper.Due(WithEvent(3)));

        static DateTimeOffset EventAt(int second) => DateTimeOffset.UnixEpoch.AddSeconds(second);

        static Dictionary<string, SavedQuestionState> WithEvent(int second) =>
            Standings("yes").ToDictionary(it => it.Key, it => it.Value with { LastEventAt = EventAt(second) });
    }

    [Theory]
    [InlineData("")]
    [InlineData("{\"v\":1,\"standings\":{\"gate/person\":{\"kind\":\"yesNo\",\"stand")]
    [InlineData("{\"v\":0,\"standings\":{},\"switches\":{}}")]
    [InlineData("{\"v\":1}")]
    [InlineData("[]")]
    [InlineData("{\"v\":1,\"standings\":{\"gate/person\":null},\"switches\":{}}")]
    [InlineData("{\"v\":1,\"standings\":{\"gate/person\":{\"kind\":\"yesNo\",\"standing\":{\"value\":\"yes\",\"score\":9e999}}},\"switches\":{}}")]
    public void A_damaged_file_is_said_set_aside_and_never_in_the_way(string content)
    {
        File.WriteAllText(Path, content);

        var (keeper, _) = Keeper();

        Assert.Empty(keeper.Restored.Standings);
        Assert.Equal(content, File.ReadAllText(Path + ".damaged"));
        Assert.Single(_log.Said(LogLevel.Error, Path));
        keeper.Keep(keeper.Last(Standings("yes"))!);
        Assert.Single(Keeper().Keeper.Restored.Standings);
    }

    [Fact]
    public void A_folder_that_cannot_be_written_is_said_once_and_survived()
    {
        var blocked = System.IO.Path.Combine(_folder, "file");
        File.WriteAllText(blocked, "no folder");
        var keeper = new QuestionStateStore(
            new QuestionStateFile(blocked, _log.CreateLogger<QuestionStateFile>()), new QuestionToggles(), _time);

        keeper.Keep(keeper.Last(Standings("yes"))!);
        keeper.Keep(keeper.Last(Standings("no"))!);

        Assert.Single(_log.Said(LogLevel.Error, blocked));
    }

    [Fact]
    public void A_switch_wins_over_the_configuration_until_it_is_switched_back()
    {
        var switches = Keeper().Switches;
        var said = new List<string>();
        switches.Changed += (camera, question, enabled) => said.Add($"{camera}/{question} {enabled}");

        Assert.True(switches.Set(Gate, "person", false));
        Assert.True(switches.Set(Gate, "person", false));
        switches.Configure([EdgeRig.Plan("gate", EdgeRig.Always)]);
        Assert.False(switches.IsEnabled(Gate, "person"));
        Assert.True(switches.Set(Gate, "person", true));

        Assert.Empty(switches.Switched);
        Assert.Equal(["gate/person False", "gate/person True"], said);
        Assert.False(switches.Set(Gate, "nobody", true));
        Assert.False(switches.IsEnabled(Gate, "nobody"));
    }

    internal static Dictionary<string, SavedQuestionState> Standings(string value)
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

    private (QuestionStateStore Keeper, QuestionToggles Switches) Keeper()
    {
        var switches = new QuestionToggles();
        switches.Configure([EdgeRig.Plan("gate", EdgeRig.Always)]);
        return (new QuestionStateStore(
            new QuestionStateFile(_folder, _log.CreateLogger<QuestionStateFile>()), switches, _time), switches);
    }
}
