using MobileVlm.Edge.Actors.Pipeline;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Connectors.Http.Api;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;
using MobileVlm.Edge.Inference.Decoding;

namespace MobileVlm.Edge.Actors.Tests.Pipeline;

/// <summary>Work on the engine that is not about a camera's frame, in a service without cameras: no frame finds out that the engine is
/// broken.</summary>
public sealed class EngineAccessTests
{
    private static async Task<EdgeRig> StartAsync(Action<EdgeRig>? change = null)
    {
        // The aborted stream is reported by Akka too.
        var rig = new EdgeRig { ExpectsQuietAkka = false };
        rig.Settings = rig.Settings with { RunsWithoutCameras = true };
        change?.Invoke(rig);
        return await rig.StartAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_engine_that_fails_at_work_is_replaced_and_later_work_succeeds(bool isEncoder)
    {
        await using var rig = await StartAsync(it => it.Engine.OnProbe = () => throw new InvalidOperationException("still broken"));
        var engine = rig.Edge.Engine;

        var failed = await Assert.ThrowsAsync<EngineUnavailableException>(() => isEncoder
            ? engine.EncodeAsync<int>(_ => throw new InvalidOperationException("the session was killed"), CancellationToken.None)
            : engine.AnswerAsync<int>(_ => throw new ObjectDisposedException("session"), CancellationToken.None));

        Assert.IsAssignableFrom<InvalidOperationException>(failed.InnerException);
        await Eventually.TrueAsync(() => rig.Stats.Pipeline.Restarts == 1, "the replacement");
        Assert.Equal(5, await engine.AnswerAsync(_ => 5, CancellationToken.None).WaitAsync(Eventually.Patience));
        var answers = await rig.Edge.Cameras.AskAsync(
            null, "7"u8.ToArray(), [new AskQuestion("What?", AnswerType.Text, [])], Eventually.Patience, CancellationToken.None);
        Assert.Equal("frame 7", Assert.Single(answers).Value);
        Assert.Equal(
            ["open encoder", "open answerer", "dispose answerer", "dispose encoder", "open encoder", "open answerer"],
            rig.Engine.Done.Items.Where(done => done.Split(' ')[0] is "open" or "dispose"));
    }

    [Fact]
    public async Task A_request_that_fails_on_a_sound_engine_does_not_replace_it()
    {
        await using var rig = await StartAsync();
        var engine = rig.Edge.Engine;

        await Assert.ThrowsAsync<NotSupportedException>(() => engine.AnswerAsync<int>(_ => throw new NotSupportedException(), CancellationToken.None));
        await Assert.ThrowsAsync<ContextFullException>(() => engine.AnswerAsync<int>(_ => throw new ContextFullException(1, 2, 3), CancellationToken.None));

        Assert.Equal(5, await engine.AnswerAsync(_ => 5, CancellationToken.None));
        Assert.Equal(0, rig.Stats.Pipeline.Restarts);
    }

    [Fact]
    public async Task Two_pieces_of_work_that_find_the_same_engine_broken_replace_it_once()
    {
        await using var rig = await StartAsync(it => it.Engine.OnProbe = () => throw new InvalidOperationException("still broken"));
        var engine = rig.Edge.Engine;
        using var queued = new ManualResetEventSlim();
        int Fail()
        {
            // Otherwise the first may have the engine replaced before the second is given to it.
            queued.Wait(Eventually.Patience);
            throw new ObjectDisposedException("session");
        }

        var ends = Enumerable.Range(0, 2).Select(_ => engine.AnswerAsync(_ => Fail(), CancellationToken.None)).ToList();
        queued.Set();
        foreach (var end in ends)
        {
            await Assert.ThrowsAsync<EngineUnavailableException>(() => end);
        }

        Assert.Equal(5, await engine.AnswerAsync(_ => 5, CancellationToken.None).WaitAsync(Eventually.Patience));
        Assert.InRange(rig.Stats.Pipeline.Restarts, 1, 1);
    }

    [Fact]
    public async Task Beyond_the_budget_the_service_fails_instead_of_failing_every_request_for_ever()
    {
        await using var rig = await StartAsync(it =>
        {
            it.Engine.OnProbe = () => throw new InvalidOperationException("still broken");
            it.With(pipeline => pipeline with { RestartBudget = new RestartBudget(0, TimeSpan.FromMinutes(1)) });
        });

        await Assert.ThrowsAsync<EngineUnavailableException>(
            () => rig.Edge.Engine.AnswerAsync<int>(_ => throw new ObjectDisposedException("session"), CancellationToken.None));

        Assert.Equal(EdgeOutcomeKind.Failed, (await rig.Edge.Completion.WaitAsync(Eventually.Patience)).Kind);
    }
}
