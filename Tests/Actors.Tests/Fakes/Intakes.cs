using MobileVlm.Edge.Actors.Capture;
using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Actors.States;

namespace MobileVlm.Edge.Actors.Tests.Fakes;

internal static class Intakes
{
    public static CameraIntake Of(CameraConfiguration plan, TimeProvider time, WakeSignal? wake = null)
    {
        var states = new QuestionStates(time, TimeZoneInfo.Utc);
        states.Switches.Configure([plan]);
        return new CameraIntake(plan, new CameraCounters(), states, wake ?? new WakeSignal(), TimeSpan.FromSeconds(5), time);
    }
}
