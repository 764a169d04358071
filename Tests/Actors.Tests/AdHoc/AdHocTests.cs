using System.Text;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Inference.Answers;

namespace MobileVlm.Edge.Actors.Tests.AdHoc;

public sealed class AdHocTests
{
    [Fact]
    public async Task A_question_as_bare_text_goes_with_the_next_frame_and_is_answered_beside_the_ask_topic()
    {
        await using var rig = await new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Once)).StartAsync();
        rig.Camera.Push();
        await rig.Answers.UntilCountAsync(1);

        rig.Ask("What colour is the car?");
        await Eventually.TrueAsync(() => rig.Stats.Asks.Received == 1, "the question");
        rig.Camera.Push();
        var (message, body) = await rig.ReplyAsync();

        Assert.Equal(AdHocClient.GateReply, message.Topic);
        Assert.Equal("answered", body.Text("status"));
        Assert.Equal("What colour is the car?", body.Text("ask"));
        Assert.Equal("frame 2", body.Text("value"));
        Assert.Equal("2", body.Text("frame"));
        Assert.Equal("gate", body.Text("camera"));
        Assert.Equal("fake", body.Text("model"));
        // Not due, so not asked again; and what was asked once leaves no state behind.
        Assert.Single(rig.Answers.Items);
        Assert.DoesNotContain(rig.Link.Published.Items, line => line.Contains("colour", StringComparison.Ordinal)
            && !line.StartsWith(AdHocClient.GateReply, StringComparison.Ordinal));
        Assert.Equal(1, rig.Stats.Asks.Answered);
    }

    [Fact]
    public async Task A_request_with_a_response_topic_gets_its_answer_there_with_its_correlation_data()
    {
        await using var rig = await StartAsync();

        rig.Request("""{"id": "7", "question": "A car?", "answer": "yesno"}""", "replies/me", "abc");
        var (message, body) = await NextFrameReplyAsync(rig);

        Assert.Equal("replies/me", message.Topic);
        Assert.Equal("abc", Encoding.UTF8.GetString(message.CorrelationData.Span));
        Assert.False(message.Retain);
        Assert.Equal("answered", body.Text("status"));
        Assert.Equal("7", body.Text("id"));
    }

    [Theory]
    [InlineData("elsewhere/me")]
    [InlineData("mobilevlm/box/gate/person/state")]
    [InlineData("mobilevlm/box/gate/person/enabled/set")]
    [InlineData("replies/+/x")]
    [InlineData("$SYS/x")]
    [InlineData("homeassistant/device/x/config")]
    public async Task A_response_topic_that_is_not_allowed_is_refused_beside_the_ask_topic(string topic)
    {
        await using var rig = await StartAsync();

        rig.Request("""{"id": "7", "question": "A car?"}""", topic, "abc");
        var (message, body) = await rig.ReplyAsync();

        Assert.Equal(AdHocClient.GateReply, message.Topic);
        Assert.Equal("invalid", body.Text("status"));
        Assert.Equal("response topic", body["error"]!["field"]!.ToString());
        Assert.Equal("7", body.Text("id"));
        Assert.DoesNotContain(rig.Engine.Done.Items, done => done.Contains("A car?", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Of_two_hundred_questions_at_once_each_gets_one_reply_and_the_standing_ones_keep_their_pace()
    {
        await using var rig = await StartAsync(EdgeRig.Always);

        for (var i = 0; i < 200; i++)
        {
            rig.Ask($$"""{"id": "{{i}}", "question": "ad hoc"}""");
        }

        await rig.UntilRepliesAsync(200 - 16);
        rig.Play(rig.Camera, TimeSpan.FromMilliseconds(2));
        await rig.UntilRepliesAsync(200);
        await rig.StopAsync();

        var replies = rig.Replies();
        Assert.Equal(Enumerable.Range(0, 200), replies.Select(body => int.Parse(body.Text("id"), null)).Order());
        Assert.Equal(16, replies.Count(body => body.Text("status") == "answered"));
        var busy = replies.Where(body => body.Text("status") == "busy").ToList();
        Assert.Equal(184, busy.Count);
        Assert.All(busy, body => Assert.InRange(body["retryAfterMs"]!.GetValue<long>(), 1, 60_000));
        Assert.Equal((200, 16, 184), (rig.Stats.Asks.Received, rig.Stats.Asks.Answered, rig.Stats.Asks.Busy));

        // Before each question that was asked once stands the frame's own, and never more than two behind it.
        var asked = rig.Engine.Done.Items.Where(done => done.StartsWith("ask ", StringComparison.Ordinal))
            .GroupBy(done => done.Split(' ')[1]).Select(frame => frame.Select(done => done.Split(' ', 3)[2]).ToList()).ToList();
        Assert.All(asked, frame => Assert.Equal("person", frame[0]));
        Assert.All(asked, frame => Assert.InRange(frame.Count, 1, 3));
        Assert.Equal(16, asked.Sum(frame => frame.Count - 1));
    }

    [Fact]
    public async Task The_standing_answer_is_published_while_an_ad_hoc_question_behind_it_is_being_answered()
    {
        await using var rig = await StartAsync(EdgeRig.Always);
        var answering = new HoldPoint();
        rig.Engine.OnAsk = (_, question, _) =>
        {
            if (question.Text == "slow")
            {
                answering.Pass();
            }

            return FinishReason.Stopped;
        };
        rig.Ask("slow");
        await Eventually.TrueAsync(() => rig.Stats.Asks.Received == 1, "the question");

        rig.Camera.Push();
        await answering.Reached;
        await rig.Link.Published.UntilAsync(published => published.Contains("mobilevlm/box/gate/person/state=frame 1"), "the state");
        Assert.Empty(rig.Replies());
        answering.Open();

        Assert.Equal("answered", (await rig.ReplyAsync()).Body.Text("status"));
    }

    [Fact]
    public async Task The_next_frame_waits_for_the_ad_hoc_questions_of_the_last_one()
    {
        await using var rig = await new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always)).Overlapping().StartAsync();
        var answering = new HoldPoint();
        rig.Engine.OnAsk = (_, question, _) =>
        {
            if (question.Text == "slow")
            {
                answering.Pass();
            }

            return FinishReason.Stopped;
        };
        rig.Ask("slow");
        await Eventually.TrueAsync(() => rig.Stats.Asks.Received == 1, "the question");
        rig.Camera.Push();
        await answering.Reached;
        rig.Camera.Push();
        await rig.Engine.Done.UntilAsync(done => done.Contains("encoded 2"), "the second encoding");
        answering.Open();
        await rig.Answers.UntilCountAsync(2);

        var done = rig.Engine.Done.Items.ToList();
        Assert.True(done.IndexOf("prime 2") > done.IndexOf("answered 1 slow"), string.Join(" | ", done));
        Assert.Equal("frame 1", (await rig.ReplyAsync()).Body.Text("value"));
    }

    [Fact]
    public async Task A_question_whose_deadline_passes_gets_that_reply_and_is_forgotten()
    {
        var time = new FakeTime();
        await using var rig = await new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Once)) { Time = time }.StartAsync();
        rig.Ask("""{"question": "late", "deadlineMs": 2000}""");
        await time.Waits.UntilAsync(waits => waits.Contains(TimeSpan.FromSeconds(2)), "the deadline");

        time.Advance(TimeSpan.FromSeconds(2));
        var (_, body) = await rig.ReplyAsync();
        rig.Camera.Push();
        await rig.Answers.UntilCountAsync(1);

        Assert.Equal("expired", body.Text("status"));
        Assert.Contains("offline", body["error"]!["message"]!.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(rig.Engine.Done.Items, done => done.EndsWith(" late", StringComparison.Ordinal));
        Assert.Equal(1, rig.Stats.Asks.Expired);
    }

    [Fact]
    public async Task An_unknown_camera_is_refused_with_those_that_there_are()
    {
        await using var rig = await StartAsync();

        rig.Ask("Who?", "mobilevlm/box/cellar/ask");
        var (message, body) = await rig.ReplyAsync();

        Assert.Equal("mobilevlm/box/reply", message.Topic);
        Assert.Equal("invalid", body.Text("status"));
        Assert.Equal("camera", body["error"]!["field"]!.ToString());
        Assert.Contains("gate", body["error"]!["message"]!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_uploaded_picture_goes_through_the_pipeline_on_its_own_in_turn_with_the_cameras()
    {
        await using var rig = await StartAsync();

        var picture = Convert.ToBase64String("4711"u8);
        rig.Ask($$"""{"question": "What is it?", "picture": "{{picture}}"}""", "mobilevlm/box/ask");
        var (message, body) = await rig.ReplyAsync();

        Assert.Equal("mobilevlm/box/reply", message.Topic);
        Assert.Equal("frame 4711", body.Text("value"));
        Assert.False(body.ContainsKey("frame"));
        Assert.False(body.ContainsKey("camera"));
        Assert.Contains("encode 4711", rig.Engine.Done.Items);
    }

    [Fact]
    public async Task An_invalid_picture_is_refused_by_its_field()
    {
        await using var rig = await StartAsync();

        rig.Ask($$"""{"question": "What is it?", "picture": "{{Convert.ToBase64String("no"u8)}}"}""", "mobilevlm/box/ask");
        var (_, body) = await rig.ReplyAsync();

        Assert.Equal("invalid", body.Text("status"));
        Assert.Equal("picture", body["error"]!["field"]!.ToString());
    }

    [Fact]
    public async Task A_question_that_the_engine_cannot_take_fails_alone()
    {
        await using var rig = await StartAsync(EdgeRig.Always);
        rig.Engine.OnAsk = (_, question, _) => question.Text == "odd"
            ? throw new ArgumentException("cannot be asked")
            : FinishReason.Stopped;

        rig.Ask("odd");
        var (_, body) = await NextFrameReplyAsync(rig);
        rig.Camera.Push();
        await rig.Answers.UntilCountAsync(2);

        Assert.Equal("failed", body.Text("status"));
        Assert.Contains("cannot be asked", body["error"]!["message"]!.ToString(), StringComparison.Ordinal);
        Assert.Equal(0, rig.Stats.Pipeline.Restarts);
    }

    [Fact]
    public async Task A_question_that_is_refused_costs_no_other_question_its_reply()
    {
        await using var rig = await StartAsync();
        rig.Engine.OnAsk = (_, question, _) => question.Text == "odd"
            ? throw new ArgumentException("cannot be asked")
            : FinishReason.Stopped;

        rig.Ask("odd");
        rig.Ask("even");
        await Eventually.TrueAsync(() => rig.Stats.Asks.Received == 2, "both questions");
        rig.Camera.Push();
        await rig.UntilRepliesAsync(2);

        Assert.Equal(
            [("even", "answered"), ("odd", "failed")],
            rig.Replies().Select(body => (body.Text("ask"), body.Text("status"))).Order());
    }

    [Fact]
    public async Task A_question_at_which_the_engine_fails_gets_that_reply_and_costs_nothing_else()
    {
        await using var rig = await StartAsync(EdgeRig.Always);
        rig.Engine.OnAsk = (_, question, _) => question.Text == "deadly"
            ? throw new InvalidOperationException("out of order")
            : FinishReason.Stopped;

        rig.Ask("deadly");
        var (_, body) = await NextFrameReplyAsync(rig);
        Assert.Equal("failed", body.Text("status"));
        Assert.Contains("out of order", body["error"]!["message"]!.ToString(), StringComparison.Ordinal);
        rig.Play(rig.Camera, TimeSpan.FromMilliseconds(5));
        await rig.Answers.UntilCountAsync(3);
        Assert.Equal(0, rig.Stats.Pipeline.Restarts);
    }

    [Fact]
    public async Task A_question_that_loses_the_engine_twice_is_not_asked_again_for_a_while()
    {
        await using var rig = await StartAsync(EdgeRig.Always);
        var deadFor = 0;
        rig.Engine.OnOpen = () => Volatile.Write(ref deadFor, 0);
        rig.Engine.OnAsk = (_, question, _) =>
        {
            if (question.Text == "deadly")
            {
                Volatile.Write(ref deadFor, int.MaxValue);
            }

            return Volatile.Read(ref deadFor) > 0 ? throw new InvalidOperationException("out of order") : FinishReason.Stopped;
        };
        rig.Play(rig.Camera, TimeSpan.FromMilliseconds(5));

        for (var time = 1; time <= 4; time++)
        {
            rig.Ask("deadly");
            var replies = time;
            await Eventually.TrueAsync(() => rig.Replies().Count == replies, "the reply");
            var answered = rig.Answers.Items.Count;
            await rig.Answers.UntilCountAsync(answered + 2);
        }

        Assert.All(rig.Replies(), reply => Assert.Equal("failed", reply.Text("status")));
        Assert.Matches("not asked again for (5[0-9]{2}|600) s", rig.Replies()[^1]["error"]!["message"]!.ToString());
        Assert.Equal(2, rig.Stats.Pipeline.Restarts);
    }

    [Fact]
    public async Task A_question_that_still_waits_at_a_stop_gets_a_reply()
    {
        var rig = await StartAsync();
        rig.Ask("""{"id": "waits", "question": "ever?"}""");
        await Eventually.TrueAsync(() => rig.Stats.Asks.Received == 1, "the question");

        await rig.DisposeAsync();

        var body = Assert.Single(rig.Replies());
        Assert.Equal(("failed", "waits"), (body.Text("status"), body.Text("id")));
        var published = rig.Link.Published.Items.ToList();
        Assert.True(
            published.FindIndex(line => line.Contains("waits", StringComparison.Ordinal)) < published.IndexOf("mobilevlm/box/availability=stopped"));
    }

    [Fact]
    public async Task Switched_off_each_question_gets_that_reply()
    {
        await using var rig = new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Once));
        rig.Settings = rig.Settings with { Asks = new AdHocSettings { Enabled = false } };
        await rig.StartAsync();

        rig.Ask("anybody?");

        Assert.Contains("Asks:Enabled", (await rig.ReplyAsync()).Body["error"]!["message"]!.ToString(), StringComparison.Ordinal);
    }

    private static async Task<EdgeRig> StartAsync(TimeSpan? every = null) =>
        await new EdgeRig(EdgeRig.Plan("gate", every ?? EdgeRig.Once)).StartAsync();

    private static async Task<(Connectors.Mqtt.Client.OutboundMessage Message, System.Text.Json.Nodes.JsonObject Body)> NextFrameReplyAsync(
        EdgeRig rig)
    {
        await Eventually.TrueAsync(() => rig.Stats.Asks.Received == 1, "the question");
        rig.Camera.Push();
        return await rig.ReplyAsync();
    }
}
