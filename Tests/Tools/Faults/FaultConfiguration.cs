using System.Text.Json;

namespace MobileVlm.Edge.Tools.Faults;

/// <summary>A camera of a scenario.</summary>
/// <param name="Source">The value of <c>Source</c>.</param>
/// <param name="FrameRate">The maximum number of frames per second.</param>
/// <param name="Speed">The factor on a file's pace.</param>
/// <param name="Snapshot">Whether snapshots are published.</param>
internal sealed record FaultCamera(string Source, double FrameRate, double Speed = 1, bool Snapshot = false);

/// <summary>Writes configuration files as a user would, for many events in a short time: each frame is asked about, and
/// each change is an event.</summary>
internal static class FaultConfiguration
{
    /// <summary>Writes the file.</summary>
    /// <param name="folder">The folder for the file and for the service's own files.</param>
    /// <param name="broker">The value of <c>Mqtt:Broker</c>.</param>
    /// <param name="cameras">The cameras by name.</param>
    /// <param name="outbox">The outbox file; null for one in <paramref name="folder"/>.</param>
    /// <param name="questions">The questions by name; null for one that asks for a person.</param>
    /// <param name="login">User and password file.</param>
    /// <param name="more">Further sections.</param>
    /// <returns>The path of the file.</returns>
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

                    // Logs each event that is kept.
                    ["MobileVlm.Edge.Actors.Publishing.PublisherActor"] = "Debug",
                },
            },
        }));
        return file;
    }
}
