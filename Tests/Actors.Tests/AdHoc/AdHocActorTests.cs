using System.Text;
using System.Text.Json.Nodes;
using Akka.Actor;
using MobileVlm.Edge.Actors.AdHoc;
using MobileVlm.Edge.Actors.Publishing;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Connectors.Mqtt.Client;
using MobileVlm.Edge.Inference.Answers;

namespace MobileVlm.Edge.Actors.Tests.AdHoc;

public sealed class AdHocActorTests : ActorSpec
{
    private readonly ActorBench _bench = new(EdgeRig.Plan("gate", EdgeRig.Once));
    private readonly PendingRequests _requests = new();

    [Fact]
    public async Task A_question_waits_for_the_next_frame_of_its_camera_and_its_end_is_the_reply()
    {
        var actor = Start();
        actor.Tell(Received("""{"id": "1", "question": "Is it there?"}"""));
        await PendingAsync(1);

        _bench.Intake.Offer(_bench.Frame());
        var picked = _bench.Intake.Pick()!;
        picked.Frame.Dispose();
        Assert.Single(picked.AdHocQuestions).Fail("as the test wants");

        var reply = await ReplyAsync();
        Assert.Equal("1", reply.Text("id"));
        Assert.Contains("as the test wants", reply.ToJsonString(), StringComparison.Ordinal);
        Assert.Equal(0, _requests.Count);
    }

    [Fact]
    public async Task A_question_that_cannot_be_read_is_refused_and_none_waits()
    {
        Start().Tell(Received("""{"id": "1", "question": 7}"""));

        Assert.Equal("invalid", (await ReplyAsync()).Text("status"));
        Assert.Equal(0, _requests.Count);
    }

    [Fact]
    public async Task An_empty_answer_is_unknown_with_its_reason()
    {
        Start().Tell(Received("""{"id": "1", "question": "What is it?", "answer": "Text"}"""));
        await PendingAsync(1);
        _bench.Intake.Offer(_bench.Frame());
        var picked = _bench.Intake.Pick()!;
        picked.Frame.Dispose();
        var question = Assert.Single(picked.AdHocQuestions);

        question.Complete(new AdHocAnswer(
            new Answer(question.Question, "", "", null, [], FinishReason.Stopped, default),
            new FrameSequence(1), _bench.Time.GetUtcNow(), _bench.Time.GetUtcNow(), TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero));

        var reply = await ReplyAsync();
        Assert.Equal(("unknown", "noText"), (reply.Text("value"), reply.Text("reason")));
    }

    [Fact]
    public async Task The_name_of_a_camera_that_is_not_configured_is_refused_with_those_that_are()
    {
        Start().Tell(Received("""{"id": "1", "camera": "yard", "question": "Is it there?"}""", camera: null));
        Assert.Contains("'yard' is not configured; configured are gate", (await ReplyAsync())["error"]!.AsObject().Text("message"), StringComparison.Ordinal);

        var context = new AdHocContext(() => [], _bench.AdHoc.Uploads, _bench.AdHoc.Decoding);
        Sys.ActorOf(Props(new AdHocSettings(), context)).Tell(Received("""{"id": "1", "camera": "yard", "question": "Is it there?"}""", camera: null));
        Assert.EndsWith("'yard' is not configured; no camera is configured", (await ReplyAsync())["error"]!.AsObject().Text("message"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task At_its_deadline_a_question_expires_and_leaves_its_camera()
    {
        Start().Tell(Received("""{"id": "1", "question": "Is it there?", "deadlineMs": 2000}"""));
        await _bench.Time.Waits.UntilCountAsync(1);
        await PendingAsync(1);

        _bench.Time.Advance(TimeSpan.FromSeconds(2));

        Assert.Equal("expired", (await ReplyAsync()).Text("status"));
        _bench.Intake.Offer(_bench.Frame());
        var picked = _bench.Intake.Pick()!;
        picked.Frame.Dispose();
        Assert.Empty(picked.AdHocQuestions);
    }

    [Fact]
    public async Task One_more_than_may_wait_gets_the_reply_busy()
    {
        var actor = Start(new AdHocSettings { MaxWaiting = 1 });
        actor.Tell(Received("""{"id": "1", "question": "Is it there?"}"""));

        actor.Tell(Received("""{"id": "2", "question": "Is it there?"}"""));

        var reply = await ReplyAsync();
        Assert.Equal(("2", "busy"), (reply.Text("id"), reply.Text("status")));
    }

    [Fact]
    public async Task A_stop_replies_to_every_question_that_waits()
    {
        var actor = Start();
        await WatchAsync(actor);
        actor.Tell(Received("""{"id": "1", "question": "Is it there?"}"""));
        actor.Tell(Received("""{"id": "2", "question": "Is it there?"}"""));

        actor.Tell(StopAdHoc.Instance);

        Assert.Equal(["1", "2"], new[] { (await ReplyAsync()).Text("id"), (await ReplyAsync()).Text("id") }.Order());
        await ExpectTerminatedAsync(actor);
    }

    [Fact]
    public async Task A_restarted_actor_still_sends_the_reply()
    {
        var actor = RestartedChild(Props(new AdHocSettings()), CreateTestProbe());
        actor.Tell(Received("""{"id": "1", "question": "Is it there?"}"""));
        await PendingAsync(1);

        Crash(actor);
        actor.Tell(StopAdHoc.Instance);

        Assert.Equal("1", (await ReplyAsync()).Text("id"));
    }

    private protected override async Task CleanUpAsync()
    {
        await _bench.DisposeAsync();
    }

    private static AdHocReceived Received(string payload, string? camera = "gate") =>
        new(new InboundMessage(camera is null ? "mobilevlm/box/ask" : AdHocClient.GateAsk, Encoding.UTF8.GetBytes(payload), false), camera);

    private IActorRef Start(AdHocSettings? settings = null) => Sys.ActorOf(Props(settings ?? new AdHocSettings()));

    private Props Props(AdHocSettings settings, AdHocContext? context = null) => Akka.Actor.Props.Create(() => new AdHocActor(
        settings, _requests, context ?? _bench.AdHoc, _bench.Replies, TestActor, _bench.Counters.Asks, _bench.Time, _bench.Logger<AdHocActor>()));

    private async Task PendingAsync(int count) =>
        await Eventually.TrueAsync(() => _bench.Counters.Asks.Read(asks => asks.Received) == count, "the question is taken");

    private async Task<JsonObject> ReplyAsync() =>
        JsonNode.Parse((await ExpectMsgAsync<PublishOneTime>()).Message.Payload.Span)!.AsObject();
}
