using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using MobileVlm.Edge.Deploy.Configuration;
using MobileVlm.Edge.Deploy.Hosting;

namespace MobileVlm.Edge.EndToEnd.Tests.Service;

/// <summary>The whole service with the demo's model and a sensor that is a file. A minute passes in a second.</summary>
public sealed class PaceServiceTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private string Sensor => _folder["temp"];

    [Fact]
    public async Task Questions_are_asked_less_often_while_the_board_is_hot_and_as_before_when_it_has_cooled_down()
    {
        File.WriteAllText(Sensor, "50000\n");
        var configuration = EdgeConfiguration.FromJson(
            JsonSerializer.Serialize(new
            {
                MobileVlm = new
                {
                    Model = new { Path = DemoModel.Folder.FolderPath },
                    Mqtt = new { Broker = "embedded", Port = 0 },
                    Pace = new { MaxTemperature = 80, Sensor, MinFactor = 0.05 },
                    Cameras = new
                    {
                        gate = new
                        {
                            Source = "pattern:320x240@1",
                            Gate = false,
                            FrozenAfter = "00:00:00",
                            Questions = new { person = new { Ask = "Is there a person?", Answer = "YesNo", Every = "00:00:00" } },
                        },
                    },
                },
            }),
            new ConfigurationSources(_folder.Path, _folder.Path, "host", new Dictionary<string, string>()));
        await using var runtime = await EdgeRuntime.StartAsync(configuration, new FastClock(60), NullLoggerFactory.Instance);
        var answers = 0L;
        runtime.System.Answered += _ => Interlocked.Increment(ref answers);
        await Eventually.TrueAsync(() => Interlocked.Read(ref answers) > 5, "questions are answered");
        var cool = await CountAsync();
        Assert.Equal(("none", 1, 50), (runtime.System.Stats().Pace!.Reason, runtime.System.Stats().Pace!.Factor, runtime.System.Stats().Pace!.Temperature));

        File.WriteAllText(Sensor, "95000\n");
        await Eventually.TrueAsync(() => runtime.System.Stats().Pace is { Factor: 0.05, Reason: "temperature", Temperature: 95 }, "the pace is reduced");
        var hot = await CountAsync();

        File.WriteAllText(Sensor, "50000\n");
        await Eventually.TrueAsync(() => runtime.System.Stats().Pace is { Factor: 1, Reason: "none" }, "the pace is as before");
        var after = await CountAsync();

        Assert.True(hot * 3 < cool, $"{hot} answers while hot, {cool} before");
        Assert.True(hot * 3 < after, $"{hot} answers while hot, {after} afterwards");

        async Task<long> CountAsync()
        {
            var before = Interlocked.Read(ref answers);
            await Task.Delay(TimeSpan.FromSeconds(1.5));
            return Interlocked.Read(ref answers) - before;
        }
    }
}
