using System.Globalization;
using System.Text.Json;

namespace MobileVlm.Edge.EndToEnd.Tests.Support;

/// <summary>Writes configuration files as a user would.</summary>
internal static class ServiceConfiguration
{
    /// <summary>Writes a configuration with two questions for each camera.</summary>
    /// <param name="folder">The folder for the file and the state folder.</param>
    /// <param name="broker">The value of <c>Mqtt:Broker</c>.</param>
    /// <param name="cameras">The source of each camera, by name.</param>
    /// <param name="more">Further settings of <c>Mqtt</c>.</param>
    /// <param name="stall">The cameras' <c>StallTimeout</c>.</param>
    /// <param name="model">The model's folder; null for the demo's model.</param>
    /// <returns>The path of the file.</returns>
    public static string Write(
        string folder,
        string broker,
        IReadOnlyDictionary<string, string> cameras,
        IReadOnlyDictionary<string, object>? more = null,
        TimeSpan? stall = null,
        string? model = null)
    {
        var mqtt = new Dictionary<string, object>(more ?? new Dictionary<string, object>()) { ["Broker"] = broker };
        var questions = new Dictionary<string, object>
        {
            ["person"] = new { Ask = "Is there a person?", Answer = "YesNo", Every = "00:00:00.5" },
            ["scene"] = new { Ask = "Describe the scene.", Answer = "Text", Every = "00:00:02", MaxTokens = 48 },
        };
        var document = new
        {
            MobileVlm = new
            {
                Node = "edge-1",
                StateFolder = Path.Combine(folder, "state"),
                Model = new { Path = model ?? DemoModel.Folder.FolderPath, Target = "cpu" },
                Mqtt = mqtt,
                Pipeline = new { StatsEvery = "00:00:01" },
                Cameras = cameras.ToDictionary(c => c.Key, c => new
                {
                    Source = c.Value,
                    StallTimeout = (stall ?? TimeSpan.FromSeconds(5)).ToString("c", CultureInfo.InvariantCulture),
                    Questions = questions,
                }),
            },
        };
        var file = Path.Combine(folder, "appsettings.json");
        File.WriteAllText(file, JsonSerializer.Serialize(document));
        return file;
    }
}
