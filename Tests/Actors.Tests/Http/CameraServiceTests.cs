using System.Text.Json;
using MobileVlm.Edge.Actors.Pipeline;
using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Connectors.Http.Api;
using MobileVlm.Edge.Connectors.Http.Server;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;

namespace MobileVlm.Edge.Actors.Tests.Http;

public sealed class CameraServiceTests
{
    private static readonly TimeSpan Within = Eventually.Patience;

    private static readonly AskQuestion Person = new("Is there a person?", AnswerType.YesNo, []);
    private static readonly AskQuestion What = new("What is it?", AnswerType.Text, []);

    private static Task<EdgeRig> StartAsync(Action<EdgeRig>? change = null)
    {
        var rig = new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Once)) { Live = new LiveEvents(TimeProvider.System) };
        change?.Invoke(rig);
        return rig.StartAsync();
    }

    [Fact]
    public async Task Several_questions_about_a_picture_are_asked_about_one_encoding()
    {
        await using var rig = await StartAsync();

        var answers = await rig.Edge.Cameras.AskAsync(null, "4711"u8.ToArray(), [What, Person], Within, CancellationToken.None);

        Assert.Equal("frame 4711", answers[0].Value);
        Assert.All(answers, answer => Assert.Null(answer.Frame));
        Assert.Single(rig.Engine.Done.Items, "encode 4711");
        Assert.Equal(2, rig.Stats.Asks.Answered);
    }

    [Fact]
    public async Task A_question_about_a_camera_goes_with_its_next_frame()
    {
        await using var rig = await StartAsync();
        var asking = rig.Edge.Cameras.AskAsync("gate", null, [What], Within, CancellationToken.None);
        var sequence = await PushUntilAsync(rig, asking);

        var answer = Assert.Single(await asking);

        Assert.InRange(answer.Frame!.Value, 1, sequence);
        Assert.Equal(($"frame {answer.Frame}", null), (answer.Value, answer.Reason));
        Assert.NotNull(answer.Age);
    }

    [Fact]
    public async Task A_number_that_the_model_did_not_write_is_unknown_with_a_reason()
    {
        await using var rig = await StartAsync();
        rig.Engine.OnAnswer = (_, _) => "many";

        var answer = Assert.Single(await rig.Edge.Cameras.AskAsync(
            null, "1"u8.ToArray(), [new AskQuestion("How many?", AnswerType.Number, [])], Within, CancellationToken.None));

        Assert.Equal(("unknown", "notANumber", "many"), (answer.Value, answer.Reason, answer.Text));
    }

    [Fact]
    public async Task A_file_that_is_no_picture_is_refused()
    {
        await using var rig = await StartAsync();
        var refused = await Assert.ThrowsAsync<HttpFailureException>(
            () => rig.Edge.Cameras.AskAsync(null, "no"u8.ToArray(), [What], Within, CancellationToken.None));
        Assert.Equal(400, refused.Status);
        Assert.Equal(1, rig.Stats.Asks.Refused);
    }

    [Fact]
    public async Task An_unknown_camera_is_refused()
    {
        await using var rig = await StartAsync();
        var refused = await Assert.ThrowsAsync<HttpFailureException>(
            () => rig.Edge.Cameras.AskAsync("yard", null, [What], Within, CancellationToken.None));
        Assert.Equal(404, refused.Status);
    }

    [Fact]
    public async Task A_wait_ends_at_its_limit_and_the_question_is_withdrawn()
    {
        await using var rig = await StartAsync();
        var late = await Assert.ThrowsAsync<HttpFailureException>(
            () => rig.Edge.Cameras.AskAsync("gate", null, [What], TimeSpan.FromMilliseconds(20), CancellationToken.None));
        Assert.Equal((503, "busy"), (late.Status, late.Code));

        rig.Camera.Push();
        await rig.Answers.UntilCountAsync(1);
        Assert.DoesNotContain(rig.Engine.Done.Items, done => done.Contains("What is it?", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_client_that_leaves_withdraws_its_question()
    {
        await using var rig = await StartAsync();
        using var leaves = new CancellationTokenSource();
        var asking = rig.Edge.Cameras.AskAsync("gate", null, [What], Within, leaves.Token);

        await leaves.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
        rig.Camera.Push();
        await rig.Answers.UntilCountAsync(1);
        Assert.DoesNotContain(rig.Engine.Done.Items, done => done.Contains("What is it?", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Questions_that_are_refused_because_too_many_wait_are_counted()
    {
        await using var rig = await StartAsync();
        rig.Edge.Cameras.CountBusy(3);
        Assert.Equal((3, 3, 0), (rig.Stats.Asks.Received, rig.Stats.Asks.Busy, rig.Stats.Asks.Refused));
    }

    [Fact]
    public async Task Without_a_camera_the_service_runs_until_it_is_stopped()
    {
        await using var rig = new EdgeRig();
        rig.Settings = rig.Settings with { RunsWithoutCameras = true };
        await rig.StartAsync();

        var answers = await rig.Edge.Cameras.AskAsync(null, "7"u8.ToArray(), [What], Within, CancellationToken.None);

        Assert.Equal("frame 7", Assert.Single(answers).Value);
        Assert.False(rig.Edge.Completion.IsCompleted);
        await rig.StopAsync();
        Assert.Empty(rig.Edge.LeftBehind);
    }

    [Fact]
    public async Task Viewers_get_answers_states_and_cameras()
    {
        await using var rig = await StartAsync();
        using var follower = rig.Live!.Follow(null)!;
        rig.Camera.Push();
        var seen = new Dictionary<string, JsonElement>();
        while (!seen.ContainsKey("answer") || !seen.ContainsKey("camera"))
        {
            await follower.Unread.WaitToReadAsync().AsTask().WaitAsync(Eventually.Patience);
            while (follower.Unread.TryRead(out var happened))
            {
                seen[happened.Name] = JsonDocument.Parse(happened.Json).RootElement;
            }
        }

        Assert.Equal(("gate", "person"), (seen["answer"].GetProperty("camera").GetString(), seen["answer"].GetProperty("question").GetString()));
        Assert.True(seen["camera"].GetProperty("online").GetBoolean());
        var camera = Assert.Single(rig.Edge.Cameras.Cameras);
        var question = Assert.Single(camera.Questions);
        Assert.Equal(("gate", true, "person", true), (camera.Id, camera.Online, question.Id, question.Enabled));
        Assert.NotNull(question.Age);

        // Viewers that load the page afterwards get the same answer.
        var point = Assert.Single(rig.Live.Recent.Of("gate", "person", RecentAnswers.KeptFor));
        Assert.Equal(seen["answer"].GetProperty("timings").GetProperty("encodeMs").GetDouble(), point.Timings?.EncodeMs);
    }

    [Fact]
    public async Task A_snapshot_is_the_next_frame()
    {
        await using var rig = await StartAsync();
        rig.Camera.Push();
        await Eventually.TrueAsync(() => rig.Edge.Cameras.Cameras[0].Online, "the camera is online");
        var waiting = rig.Edge.Cameras.SnapshotAsync("gate", CancellationToken.None);

        var sequence = await PushUntilAsync(rig, waiting);

        var snapshot = (await waiting)!;
        Assert.InRange(snapshot.Frame, 2, sequence);
        Assert.Equal($"still {snapshot.Frame}", System.Text.Encoding.UTF8.GetString(snapshot.Jpeg.Span));
        Assert.Null(await rig.Edge.Cameras.SnapshotAsync("yard", CancellationToken.None));
    }

    [Fact]
    public async Task A_question_is_switched_as_over_mqtt()
    {
        await using var rig = await StartAsync();
        Assert.True(rig.Edge.Cameras.TrySwitch("gate", "person", enabled: false));
        Assert.False(rig.Edge.Cameras.Cameras[0].Questions[0].Enabled);
        Assert.False(rig.Edge.Cameras.TrySwitch("gate", "dog", enabled: false));
        Assert.False(rig.Edge.Cameras.TrySwitch("yard", "person", enabled: false));
    }

    [Fact]
    public async Task The_engine_is_lent_on_its_own_thread_and_not_after_its_end()
    {
        var rig = await StartAsync();
        var names = await Task.WhenAll(
            rig.Edge.Engine.AnswerAsync(_ => Thread.CurrentThread.Name ?? "", CancellationToken.None),
            rig.Edge.Engine.EncodeAsync(_ => Thread.CurrentThread.Name ?? "", CancellationToken.None));
        Assert.Equal(["mvlm-engine", "mvlm-engine"], names);

        var engine = rig.Edge.Engine;
        await rig.DisposeAsync();

        using var leaves = new CancellationTokenSource();
        var waiting = engine.AnswerAsync(_ => true, leaves.Token);
        Assert.False(waiting.IsCompletedSuccessfully);
        await leaves.CancelAsync();
        var ended = await Assert.ThrowsAnyAsync<Exception>(() => waiting);
        Assert.True(ended is OperationCanceledException or EngineUnavailableException);
    }

    /// <summary>Frames come until the task ends.</summary>
    private static async Task<long> PushUntilAsync(EdgeRig rig, Task task)
    {
        var sequence = 0L;
        await Eventually.TrueAsync(
            () =>
            {
                if (!task.IsCompleted)
                {
                    sequence = rig.Camera.Push();
                }

                return task.IsCompleted;
            },
            "a frame is taken");
        return sequence;
    }
}
