using Microsoft.Extensions.Logging.Abstractions;
using MobileVlm.Edge.Actors.Labels;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Connectors.Http.Api;
using MobileVlm.Edge.Connectors.Http.Server;
using MobileVlm.Edge.Connectors.Storage;
using MobileVlm.Edge.Connectors.Storage.History;
using MobileVlm.Edge.Connectors.Storage.Labels;

namespace MobileVlm.Edge.Actors.Tests.Labels;

/// <summary>Labels on a real history with three stored frames of <c>gate</c>: 1, 2 with an event, and another 2 of a later run.</summary>
public sealed class LabelServiceTests : IAsyncLifetime, IDisposable
{
    private static readonly DateTimeOffset At = new(2026, 11, 30, 3, 0, 0, TimeSpan.Zero);
    private static readonly Guid Event = Guid.CreateVersion7(At);

    private readonly TemporaryFolder _folder = new();
    private SqliteHistory _history = null!;
    private LabelService _service = null!;

    public Task InitializeAsync()
    {
        _history = SqliteHistory.Open(
            new HistorySettings { Folder = _folder["history"], MinFreeBytes = 0 }, TimeProvider.System, NullLogger<SqliteHistory>.Instance);
        _history.Record(Frame(1, 1, 0.2));
        _history.Record(Frame(2, 2, 0.9) with
        {
            Events = [new HistoryEvent(Event, "person", "no", "yes") { At = At.AddSeconds(2), Since = At.AddSeconds(2), Frame = 2 }],
        });
        _history.Record(Frame(60, 2, 0.4));
        _service = Service(_history, Files());
        return Task.CompletedTask;
    }

    public async Task DisposeAsync() => await _history.DisposeAsync();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_frame_is_labelled_by_its_number_with_the_score_of_its_answer()
    {
        var change = await SetAsync(new LabelFrame { Frame = 1 }, "No");

        Assert.Equal(("20261130-030001000-1", "no", null), (change.Id, change.Value, change.Before));
        var label = Assert.Single((await ListAsync()).Labels);
        Assert.Equal((At.AddSeconds(1), 1, 0.2, "Is there a person?", LabelSource.Mqtt), (label.Record!.At, label.Record.Frame, label.Record.Score!.Value, label.Record.Ask, label.Record.Source));
        Assert.Equal([0xFF, 0xD8, 1], await _service.PictureAsync("gate", "person", label.Id, CancellationToken.None));
        Assert.Equal(new Dictionary<string, int> { ["yes"] = 0, ["no"] = 1 }, change.Counts);
    }

    [Fact]
    public async Task A_number_that_two_runs_gave_needs_the_time_the_snapshot_or_the_event()
    {
        var refused = await RefusedAsync(new LabelFrame { Frame = 2 }, "yes");
        Assert.Equal((409, "ambiguous_frame"), (refused.Status, refused.Code));
        Assert.Contains("frame 2 of 2026-11-30T03:01:00.000Z (snapshot 3), frame 2 of 2026-11-30T03:00:02.000Z (snapshot 2)", refused.Message, StringComparison.Ordinal);

        Assert.Equal("20261130-030002000-2", (await SetAsync(new LabelFrame { Event = Event }, "yes")).Id);
        Assert.Equal("20261130-030002000-2", (await SetAsync(new LabelFrame { Frame = 2, At = At.AddSeconds(2) }, "no")).Id);
        Assert.Equal("20261130-030100000-2", (await SetAsync(new LabelFrame { Snapshot = 3 }, "yes")).Id);
        Assert.Equal(["no", "yes"], (await ListAsync()).Labels.Select(label => label.Value));
    }

    [Fact]
    public async Task An_event_is_called_right_or_wrong_and_the_last_one_need_not_be_named()
    {
        Assert.Equal(("20261130-030002000-2", "no"), Labelled(await SetAsync(new LabelFrame { IsLastEvent = true }, "wrong")));
        Assert.Equal(("20261130-030002000-2", "yes"), Labelled(await SetAsync(new LabelFrame { Event = Event }, "Right")));
        Assert.Equal("no", (await SetAsync(new LabelFrame { IsLastEvent = true }, "no")).Value);

        Assert.Contains("name it with 'event'", (await RefusedAsync(new LabelFrame { Frame = 1 }, "wrong")).Message, StringComparison.Ordinal);
        var other = await Assert.ThrowsAsync<HttpFailureException>(() => _service.SetAsync(
            new LabelRequest("gate", "colour", new LabelFrame { Event = Event }, "right", LabelSource.Mqtt), CancellationToken.None));
        Assert.Contains("the event is of 'gate/person'", other.Message, StringComparison.Ordinal);
        var none = await Assert.ThrowsAsync<HttpFailureException>(() => _service.SetAsync(
            new LabelRequest("gate", "colour", new LabelFrame { IsLastEvent = true }, "red", LabelSource.Mqtt), CancellationToken.None));
        Assert.Equal((404, "the history has no event of 'gate/colour'"), (none.Status, none.Message));

        static (string, string?) Labelled(LabelChange change) => (change.Id, change.Value);
    }

    [Fact]
    public async Task A_label_outlives_its_frame_in_the_history_and_can_still_be_changed_and_removed()
    {
        await SetAsync(new LabelFrame { Frame = 1 }, "no");
        await _history.DeleteAsync("gate", At, At.AddHours(1), CancellationToken.None);

        var change = await SetAsync(new LabelFrame { Frame = 1 }, "yes");
        Assert.Equal(("yes", "no"), (change.Value, change.Before));
        Assert.Null((await SetAsync(new LabelFrame { Id = change.Id }, "clear")).Value);
        Assert.Empty((await ListAsync()).Labels);
        Assert.Equal(404, (await RefusedAsync(new LabelFrame { Id = change.Id }, "clear")).Status);
    }

    [Theory]
    [InlineData(9, "no stored frame 9 of the camera 'gate'; the history has a snapshot per minute, of each event and of unclear answers, and the newest are frame 2 of 2026-11-30T03:01:00.000Z (snapshot 3)")]
    public async Task A_frame_that_is_not_stored_is_refused_with_those_that_are(long frame, string expected)
    {
        var refused = await RefusedAsync(new LabelFrame { Frame = frame }, "yes");
        Assert.Equal(404, refused.Status);
        Assert.StartsWith(expected, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("yard", "person", "yes", "configured are gate")]
    [InlineData("gate", "cat", "yes", "its questions are person, colour, count")]
    [InlineData("gate", "person", "maybe", "'label' is none of yes, no; 'clear' removes a label")]
    [InlineData("gate", "count", "yes", "questions of the types YesNo and Choice can be labelled")]
    public async Task A_wrong_request_is_refused_with_what_would_be_accepted(string camera, string question, string label, string expected)
    {
        var refused = await Assert.ThrowsAsync<HttpFailureException>(() => _service.SetAsync(
            new LabelRequest(camera, question, new LabelFrame { Frame = 1 }, label, LabelSource.Http), CancellationToken.None));
        Assert.Contains(expected, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_choice_is_labelled_with_one_of_its_choices()
    {
        var change = await _service.SetAsync(
            new LabelRequest("gate", "colour", new LabelFrame { Frame = 1 }, "light/blue", LabelSource.Http), CancellationToken.None);
        Assert.Equal("Light/Blue", change.Value);
        Assert.Equal(1, change.Counts["Light/Blue"]);
    }

    [Fact]
    public async Task Without_a_history_or_a_state_folder_the_remedy_is_named()
    {
        var frame = new LabelFrame { Frame = 1 };
        Assert.Contains("History:Folder", (await RefusedAsync(frame, "yes", Service(null, Files()))).Message, StringComparison.Ordinal);
        Assert.Contains("set StateFolder", (await RefusedAsync(frame, "yes", Service(_history, null))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_full_disk_refuses_the_label_with_the_remedy()
    {
        var refused = await RefusedAsync(new LabelFrame { Frame = 1 }, "yes", Service(_history, Files(new FullDisk())));
        Assert.Equal((507, "not_stored"), (refused.Status, refused.Code));
        Assert.Contains("the disk is full; free space", refused.Message, StringComparison.Ordinal);
    }

    private Task<LabelChange> SetAsync(LabelFrame frame, string label) =>
        _service.SetAsync(new LabelRequest("gate", "person", frame, label, LabelSource.Mqtt), CancellationToken.None);

    private Task<HttpFailureException> RefusedAsync(LabelFrame frame, string label, LabelService? service = null) =>
        Assert.ThrowsAsync<HttpFailureException>(() => (service ?? _service).SetAsync(
            new LabelRequest("gate", "person", frame, label, LabelSource.Http), CancellationToken.None));

    private Task<LabelList> ListAsync() => _service.ListAsync("gate", "person", CancellationToken.None);

    private LabelFiles Files(FileSteps? steps = null) => new(_folder["labels"], 1000, steps ?? new FileSteps());

    private static LabelService Service(IHistory? history, LabelFiles? files) => new(
        () =>
        [
            new CameraConfiguration(
                new CameraId("gate"),
                [
                    new StandingQuestion("person", "Is there a person?", QuestionKind.YesNo, TimeSpan.Zero),
                    new StandingQuestion("colour", "Which colour?", QuestionKind.Choice, TimeSpan.Zero) { Choices = ["red", "Light/Blue"] },
                    new StandingQuestion("count", "How many?", QuestionKind.Number, TimeSpan.Zero),
                ],
                Snapshot: false),
        ],
        history,
        files,
        TimeProvider.System);

    private static HistoryFrame Frame(int seconds, long frame, double score) => new("gate", At.AddSeconds(seconds), frame)
    {
        Answers = [new HistoryAnswer("person", score > 0.5 ? "yes" : "no") { IsWord = true, Score = score, Thresholds = new HistoryThresholds(0.6, 0.4, null) }],
        Snapshot = new byte[] { 0xFF, 0xD8, (byte)frame },
    };

    private sealed class FullDisk : FileSteps
    {
        public override void Write(Stream file, ReadOnlySpan<byte> content) => throw new IOException("No space left on device", 28);
    }
}
