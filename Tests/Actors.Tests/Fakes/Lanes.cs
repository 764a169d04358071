using MobileVlm.Edge.Actors.Capture;
using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.Pipeline;
using MobileVlm.Edge.Actors.States;

namespace MobileVlm.Edge.Actors.Tests.Fakes;

internal static class Lanes
{
    public static CameraIntake Of(CameraPlan plan, TimeProvider time, WakeSignal? bell = null)
    {
        var board = new QuestionStates(time, TimeZoneInfo.Utc);
        board.Switches.Configure([plan]);
        return new CameraIntake(plan, new CameraCounters(), board, bell ?? new WakeSignal(), TimeSpan.FromSeconds(5), time);
    }
}
