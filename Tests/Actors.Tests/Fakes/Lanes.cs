using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.Pipeline;

namespace MobileVlm.Edge.Actors.Tests.Fakes;

internal static class Lanes
{
    public static CameraLane Of(CameraPlan plan, TimeProvider time, Doorbell? bell = null) =>
        new(plan, new CameraCounters(plan.Questions), bell ?? new Doorbell(), TimeSpan.FromSeconds(5), time);
}
