using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Connectors.Http.Past;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;
using MobileVlm.Edge.Connectors.Storage.History;

namespace MobileVlm.Edge.Actors.Tests.Past;

/// <summary>Standing questions go before a try-out. The clock moves only while the engine works, and while nothing is asked.</summary>
public sealed class TryOutAgeTests
{
    private const int Frames = 500;

    /// <summary>Frames of cameras have smaller numbers.</summary>
    private const int FirstStored = 1_000_000;

    /// <summary>A camera delivers a frame at the beginning of each fiftieth piece of the try-out's work, which is the worst moment.</summary>
    private const int PiecesPerFrame = 50;

    private static readonly TimeSpan EncodeTime = TimeSpan.FromMilliseconds(400);
    private static readonly TimeSpan AnswerTime = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Cycle = EncodeTime + AnswerTime;
    private static readonly DateTimeOffset From = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task A_try_out_of_five_hundred_frames_makes_standing_answers_older_by_one_cycle_at_most()
    {
        var time = new FakeTime();
        var history = new FakeHistory();
        history.Stored.AddRange(Enumerable.Range(0, Frames).Select(i => new StoredSnapshot(i, From.AddSeconds(i), FirstStored + i)));
        await using var rig = new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always)) { Time = time, History = history };
        var (pieces, pushed) = (0, 0);
        rig.Engine.OnEncode = frame => Work(frame, EncodeTime);
        rig.Engine.OnAsk = (frame, _, _) =>
        {
            Work(frame, AnswerTime);
            return Inference.Answers.FinishReason.Stopped;
        };
        await rig.StartAsync();

        var wording = new TryOutWording { Ask = "Is there a person?", Type = AnswerType.YesNo };
        var id = (await rig.Edge.Past.StartTryOutAsync(new TryOutRequest("gate", From, From.AddHours(1), Frames, [wording]), CancellationToken.None)).Progress.Id;
        await Eventually.TrueAsync(
            () =>
            {
                if (rig.Answers.Items.Count == Volatile.Read(ref pushed))
                {
                    time.Advance(LowPriorityWait);
                }

                return rig.Edge.Past.TryOuts.Single().Progress.State == PastJobState.Done;
            },
            "the try-out ends");

        Assert.Equal(Frames, rig.Edge.Past.TryOutResult(id, 0, new PastThresholds()).Frames.Count);
        var ages = rig.Answers.Items.Select(answered => answered.Age).Order().ToList();
        Assert.True(ages.Count >= (Frames * 2 / PiecesPerFrame) - 1, $"only {ages.Count} frames of the camera were answered");
        Assert.InRange(ages[0], Cycle, 2 * Cycle);
        Assert.InRange(ages[^1], Cycle, 2 * Cycle);

        void Work(long frame, TimeSpan duration)
        {
            if (frame >= FirstStored && pieces++ % PiecesPerFrame == 0)
            {
                Interlocked.Increment(ref pushed);
                rig.Camera.Push();
            }

            time.Advance(duration);
        }
    }

    private static TimeSpan LowPriorityWait => Actors.Background.LowPriorityTurns.CheckEvery;
}
