using System.Text;
using MobileVlm.Edge.Actors.Capture;
using MobileVlm.Edge.Actors.Publishing;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Actors.States;
using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Connectors.Mqtt.Client;

namespace MobileVlm.Edge.Actors.Tests.Publishing;

public sealed class CameraMessagesTests : IAsyncDisposable
{
    private static readonly CameraConfiguration Gate = EdgeRig.Plan("gate", EdgeRig.Always);
    private static readonly CameraConfiguration Hall = EdgeRig.Plan("hall", EdgeRig.Always);

    private readonly ActorBench _bench = new(Gate);

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    [Fact]
    public void At_the_start_everything_that_the_broker_may_have_kept_is_set()
    {
        _bench.Counters[Gate.Id].Online = true;

        Assert.Equal(
            ["availability=online", "gate/availability=online", "gate/view=unknown", "gate/person/enabled=ON", "gate/person/snooze="],
            _bench.CameraMessages.First([Gate]).Select(Text));
    }

    [Fact]
    public void A_change_clears_what_is_gone_and_announces_what_is_new()
    {
        _bench.States.Configure([Hall]);

        var (latest, once) = _bench.CameraMessages.Changed([Gate], new CamerasReconfigured([Hall], ["mobilevlm/box/gate/person/state"]));

        Assert.Empty(once);
        Assert.Equal(
            ["gate/person/state=", "hall/availability=offline", "hall/view=unknown", "hall/person/enabled=ON", "hall/person/snooze="],
            latest.Select(Text));
    }

    [Fact]
    public void Nothing_is_published_about_a_camera_or_a_question_that_is_gone()
    {
        Assert.Empty(_bench.CameraMessages.Of([Gate], new CameraAvailability(Hall.Id, true)));
        Assert.Empty(_bench.CameraMessages.Of([Gate], new PublishEnabled(Gate.Id, "dog")));
        Assert.Empty(_bench.CameraMessages.Of([Gate], new PublishEnabled(Hall.Id, "person")));
        Assert.Equal(["gate/availability=offline"], _bench.CameraMessages.Of([Gate], new CameraAvailability(Gate.Id, false)).Select(Text));
    }

    private static string Text(OutboundMessage message) =>
        $"{message.Topic["mobilevlm/box/".Length..]}={Encoding.UTF8.GetString(message.Payload.Span)}";
}
