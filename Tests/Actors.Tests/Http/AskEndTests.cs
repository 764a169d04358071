using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Connectors.Http.Api;
using MobileVlm.Edge.Connectors.Http.Server;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;
using MobileVlm.Edge.Inference.Answers;

namespace MobileVlm.Edge.Actors.Tests.Http;

/// <summary>How ad-hoc questions over HTTP end when the client leaves, and when their wait is over.</summary>
public sealed class AskEndTests
{
    private static readonly AskQuestion What = new("What is it?", AnswerType.Text, []);
    private static readonly byte[] Picture = "7"u8.ToArray();

    private static async Task<EdgeRig> StartAsync(Action<EdgeRig> change, TimeProvider? time = null)
    {
        var rig = new EdgeRig { Time = time ?? TimeProvider.System };
        rig.Settings = rig.Settings with { RunsWithoutCameras = true };
        change(rig);
        return await rig.StartAsync();
    }

    [Fact]
    public async Task Nothing_is_encoded_for_a_client_that_left_while_its_picture_waited()
    {
        var encoding = new HoldPoint();
        await using var rig = await StartAsync(it => it.Engine.OnEncode = sequence => HoldIf(sequence == 1, encoding));
        var first = rig.Edge.Cameras.AskAsync(null, "1"u8.ToArray(), [What], Eventually.Patience, CancellationToken.None);
        await encoding.Reached;
        using var leaves = new CancellationTokenSource();
        var second = rig.Edge.Cameras.AskAsync(null, Picture, [What], Eventually.Patience, leaves.Token);

        await leaves.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        encoding.Open();
        await first;
        await rig.Edge.Cameras.AskAsync(null, "3"u8.ToArray(), [What], Eventually.Patience, CancellationToken.None);

        Assert.DoesNotContain("encode 7", rig.Engine.Done.Items);
    }

    [Fact]
    public async Task Nothing_is_prefilled_for_a_client_that_left_while_its_picture_was_encoded()
    {
        var encoding = new HoldPoint();
        await using var rig = await StartAsync(it => it.Engine.OnEncode = sequence => HoldIf(sequence == 7, encoding));
        using var leaves = new CancellationTokenSource();
        var asking = rig.Edge.Cameras.AskAsync(null, Picture, [What], Eventually.Patience, leaves.Token);
        await encoding.Reached;

        await leaves.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
        encoding.Open();
        await rig.Edge.Cameras.AskAsync(null, "8"u8.ToArray(), [What], Eventually.Patience, CancellationToken.None);

        Assert.DoesNotContain("prime 7", rig.Engine.Done.Items);
        Assert.Contains("prime 8", rig.Engine.Done.Items);
    }

    [Fact]
    public async Task A_text_in_progress_is_cancelled_when_the_last_client_that_waits_for_it_leaves()
    {
        var decoding = new HoldPoint();
        await using var rig = await StartAsync(it => it.Engine.OnAsk = (sequence, _, cancel) =>
        {
            if (sequence == 7)
            {
                try
                {
                    decoding.PassUnlessCancelled(cancel);
                }
                catch (OperationCanceledException)
                {
                    return FinishReason.Cancelled;
                }
            }

            return FinishReason.Stopped;
        });
        using var leaves = new CancellationTokenSource();
        var asking = rig.Edge.Cameras.AskAsync(null, Picture, [What, What with { Ask = "And what else?" }], Eventually.Patience, leaves.Token);
        await decoding.Reached;

        await leaves.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);

        // Only a cancelled decoder has time for the next one: the held point stays closed.
        await rig.Edge.Cameras.AskAsync(null, "8"u8.ToArray(), [What], Eventually.Patience, CancellationToken.None);
        Assert.DoesNotContain("ask 7 And what else?", rig.Engine.Done.Items);
        Assert.Equal(0, rig.Stats.Pipeline.Restarts);
    }

    [Fact]
    public async Task A_question_that_the_model_works_on_is_answered_although_the_wait_is_over()
    {
        var within = TimeSpan.FromSeconds(5);
        var time = new FakeTime();
        var answering = new HoldPoint();
        await using var rig = await StartAsync(
            it => it.Engine.OnAsk = (_, _, _) =>
            {
                answering.Pass();
                return FinishReason.Stopped;
            },
            time);
        var asking = rig.Edge.Cameras.AskAsync(null, Picture, [What], within, CancellationToken.None);
        await answering.Reached;

        // It waits behind the first one, so its own wait ends.
        var late = rig.Edge.Cameras.AskAsync(null, "8"u8.ToArray(), [What], within, CancellationToken.None);
        await Eventually.TrueAsync(
            () =>
            {
                time.Advance(within);
                return late.IsCompleted;
            },
            "the wait of the second question to end");
        var refused = await Assert.ThrowsAsync<HttpFailureException>(() => late);
        Assert.Equal((503, "busy"), (refused.Status, refused.Code));
        Assert.False(asking.IsCompleted);
        answering.Open();

        Assert.Equal("frame 7", Assert.Single(await asking).Value);
    }

    private static void HoldIf(bool holds, HoldPoint point)
    {
        if (holds)
        {
            point.Pass();
        }
    }
}
