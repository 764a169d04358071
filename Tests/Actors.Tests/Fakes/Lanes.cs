using MobileVlm.Edge.Actors.Capture;
using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.Pipeline;
using MobileVlm.Edge.Actors.States;

namespace MobileVlm.Edge.Actors.Tests.Fakes;

internal static class Lanes
{
    public static CameraLane Of(CameraPlan plan, TimeProvider time, Doorbell? bell = null)
    {
        var board = new QuestionBoard(time, TimeZoneInfo.Utc);
        board.Switches.Configure([plan]);
        return new CameraLane(plan, new CameraCounters(), board, bell ?? new Doorbell(), TimeSpan.FromSeconds(5), time);
    }
}
