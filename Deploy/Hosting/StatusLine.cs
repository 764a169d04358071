using System.Globalization;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;

namespace MobileVlm.Edge.Deploy.Hosting;

/// <summary>The line that <c>systemctl status</c> shows.</summary>
internal static class StatusLine
{
    public static string Format(StatsPayload stats)
    {
        var online = stats.Cameras.Values.Count(camera => camera.Online);
        var answers = stats.Pipeline.Answers == 0
            ? "no answer yet"
            : string.Create(
                CultureInfo.InvariantCulture,
                $"{stats.Pipeline.Answers} answers, the last of a picture {(stats.Pipeline.LastAgeMs ?? 0) / 1000:0.0} s old");
        return $"{online} of {stats.Cameras.Count} cameras online; {answers}; "
            + (stats.Mqtt.Configured == false ? "no broker configured" : stats.Mqtt.Connected ? "broker connected" : "no connection to the broker");
    }
}
