using System.Text.Json;

namespace MobileVlm.Edge.Tools.Faults;

/// <summary>A camera of a run.</summary>
/// <param name="Source">As in the configuration.</param>
/// <param name="FrameRate">Most pictures a second.</param>
/// <param name="Speed">Factor on a file's pace.</param>
/// <param name="Snapshot">Publishes its pictures.</param>
internal sealed record FaultCamera(string Source, double FrameRate, double Speed = 1, bool Snapshot = false);

/// <summary>Writes configuration files as a user would, for many events in little time: each picture is asked about, and
/// each change is an event.</summary>
internal static class FaultConfiguration
{
    /// <param name="folder">Where the file and what the service keeps go.</param>
    /// <param name="broker">As in <c>Mqtt:Broker</c>.</param>
    /// <param name="cameras">By name.</param>
    /// <param name="outbox">Its file; in <paramref name="folder"/> unless said otherwise.</param>
    /// <param name="questions">By name; one that asks for a person unless said otherwise.</param>
    /// <param name="login">User and password file.</param>
    /// <param name="more">Further sections.</param>
    /// <returns>Path of the file.</returns>
    public static string Write(
        string folder,
        Uri broker,
        IReadOnlyDictionary<string, FaultCamera> cameras,
        string? outbox = null,
        object? questions = null,
        (string User, string PasswordFile)? login = null,
        IReadOnlyDictionary<string, object>? more = null)
    {
        var mqtt = new Dictionary<string, object> { ["Broker"] = broker.ToString() };
        if (login is { } account)
        {
            (mqtt["User"], mqtt["PasswordFile"]) = account;
        }

        var edge = new Dictionary<string, object>(more ?? new Dictionary<string, object>())
        {
            ["Node"] = "edge-1",
            ["StateFolder"] = Path.Combine(folder, "state"),
            ["Model"] = new { Path = DemoModel.Folder.FolderPath, Target = "cpu" },
            ["Mqtt"] = mqtt,
            ["Cameras"] = cameras.ToDictionary(camera => camera.Key, camera => new
            {
                camera.Value.Source,
                camera.Value.Speed,
                camera.Value.Snapshot,
                MaxFrameRate = camera.Value.FrameRate,
                Gate = false,
                StallTimeout = "00:00:03",
                Questions = questions ?? new
                {
                    person = new { Ask = "Is there a person?", Answer = "YesNo", Every = "00:00:00" },
                },
            }),
        };
        edge.TryAdd("Outbox", new { Path = outbox ?? Path.Combine(folder, "outbox.db") });
        edge.TryAdd("Pipeline", new { StatsEvery = "00:00:01" });
        var file = Path.Combine(folder, "appsettings.json");
        File.WriteAllText(file, JsonSerializer.Serialize(new Dictionary<string, object>
        {
            ["MobileVlm"] = edge,
            ["Logging"] = new
            {
                LogLevel = new Dictionary<string, string>
                {
                    ["Default"] = "Information",

                    // Says each event that is kept.
                    ["MobileVlm.Edge.Actors.Publishing.PublisherActor"] = "Debug",
                },
            },
        }));
        return file;
    }
}
