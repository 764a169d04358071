using System.Globalization;
using Xunit.Abstractions;

namespace MobileVlm.Edge.EndToEnd.Tests.Mqtt;

/// <summary>A real Node-RED, whose MQTT client shares no code with this project, subscribes, asks and switches.</summary>
public sealed class NodeRedTests(ITestOutputHelper output) : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("mobilevlm-nodered-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [NodeRedFact]
    public async Task Node_RED_watches_asks_and_switches_a_question_off_and_on()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var service = EdgeProcess.Start("run", "--config", ServiceConfiguration.Write(
            _folder, broker.Address.ToString(), new Dictionary<string, string> { ["gate"] = DemoModel.Clip }));
        await service.LogsAsync("publishes to");

        var (code, printed) = await Programs.RunAsync(
            "node",
            [
                Path.Combine(DemoModel.Repository, "Tests", "NodeRed", "check.mjs"),
                NodeRedFactAttribute.Home!,
                broker.Address.Host,
                broker.Port.ToString(CultureInfo.InvariantCulture),
            ],
            TimeSpan.FromMinutes(5));

        output.WriteLine(printed);
        Assert.True(code == 0, printed);
    }
}

/// <summary>A test that needs Node.js and Node-RED, which are too large to install for one test.</summary>
internal sealed class NodeRedFactAttribute : FactAttribute
{
    public NodeRedFactAttribute()
    {
        if (Home is null)
        {
            Skip = "Set MOBILEVLM_NODE_RED to a folder in which 'npm install node-red' was run.";
        }
    }

    public static string? Home { get; } =
        Environment.GetEnvironmentVariable("MOBILEVLM_NODE_RED") is { Length: > 0 } folder
        && File.Exists(Path.Combine(folder, "node_modules", "node-red", "red.js"))
            ? folder
            : null;
}
