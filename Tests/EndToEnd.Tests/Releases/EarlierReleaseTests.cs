using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Sessions;
using MobileVlm.Edge.Inference.Verification;

namespace MobileVlm.Edge.EndToEnd.Tests.Releases;

/// <summary>Model folders, outboxes and state files of earlier releases, opened by the current program.</summary>
public sealed class EarlierReleaseTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("mobilevlm-release-").FullName;

    public static TheoryData<string> Models => [.. ReleaseFixture.Models];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [MemberData(nameof(Models))]
    public void A_model_folder_of_an_earlier_release_opens_and_passes_its_self_test(string name)
    {
        var folder = ModelFolder.Open(ReleaseFixture.Model(name));
        folder.Verify();

        var outcome = ModelSelfTest.Run(folder, new ExecutionSettings(), SelfTestExtent.Whole, CancellationToken.None);

        Assert.NotNull(outcome);
        Assert.NotNull(folder.Manifest.SelfTest);
    }

    [Fact]
    public async Task Show_lists_what_importing_a_model_of_an_earlier_release_again_would_improve()
    {
        var old = ReleaseFixture.Model($"{ReleaseFixture.Release}/models/llama-gqa-int8");
        Assert.Equal(["importerNotRecorded", "prefillMissing"], await ReasonsAsync(old, 2));
        var shown = await EdgeProcess.RunAsync("model", "show", old);
        Assert.Contains("importing it again with --force would help", shown.Output, StringComparison.Ordinal);
        Assert.Contains("--prefill auto", shown.Output, StringComparison.Ordinal);

        Assert.Empty(await ReasonsAsync(DemoModel.Folder.FolderPath, 3));
        shown = await EdgeProcess.RunAsync("model", "show", DemoModel.Folder.FolderPath);
        Assert.Contains("importing again would improve nothing", shown.Output, StringComparison.Ordinal);

        static async Task<IEnumerable<string>> ReasonsAsync(string folder, int version)
        {
            var (code, output, errors) = await EdgeProcess.RunAsync("model", "show", folder, "--json");
            Assert.True(code == 0, errors);
            Assert.Equal(version, JsonNode.Parse(output)!["formatVersion"]!.GetValue<int>());
            return JsonNode.Parse(output)!["importAgain"]!.AsArray().Select(it => it!["reason"]!.ToString());
        }
    }

    [Theory]
    [InlineData("killed")]
    [InlineData("stopped")]
    public async Task Events_and_states_of_an_earlier_release_are_published_by_the_current_service(string run)
    {
        var states = ReleaseFixture.States(run);
        var kept = ReleaseFixture.Kept(run);
        Assert.NotEmpty(kept);
        ReleaseFixture.CopyState(run, Path.Combine(_folder, "state"));

        // The service starts soon after that run, because a state that was not confirmed for half a minute is not restored.
        var now = states.Values.Max(state => state.At) + TimeSpan.FromSeconds(4);
        var fresh = states.Where(state => now - state.Value.At < TimeSpan.FromSeconds(15)).ToList();
        Assert.NotEmpty(fresh);

        await using var broker = await Mosquitto.StartAsync();
        await using var subscriber = await MosquittoSub.StartAsync(broker.Address);
        await using var service = EdgeProcess.Start(FakeClock.At(now), "run", "--config", WriteConfiguration(broker.Address));
        foreach (var (question, state) in fresh)
        {
            await subscriber.WaitForAsync($"mobilevlm/fixture/gate/{question}/state", message => message.Text == state.Value);
        }

        await subscriber.WaitForAsync("mobilevlm/fixture/gate/cars/enabled", message => message.Text == "OFF");
        await subscriber.WaitForAsync(kept[^1].Topic, message => Id(message) == kept[^1].Id);
        service.Terminate();
        Assert.True(await service.ExitAsync() == 0, service.Errors);

        var events = subscriber.Messages.Where(message => message.Topic.EndsWith("/event", StringComparison.Ordinal)).ToList();
        Assert.Equal(kept, events.Select(message => (Id(message), message.Topic)));
        Assert.All(events, message => Assert.True(JsonNode.Parse(message.Payload)!["historical"]!.GetValue<bool>()));
        Assert.DoesNotContain("damaged", service.Errors, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(Path.Combine(_folder, "state"), "*.damaged*"));
    }

    private static string Id(ReceivedMessage message) => JsonNode.Parse(message.Payload)!["id"]!.ToString();

    // Nothing listens at the camera's address, so that no new answer replaces the restored states.
    private string WriteConfiguration(Uri broker)
    {
        var questions = new Dictionary<string, object>
        {
            ["person"] = new { Ask = "Is there a person?", Answer = "YesNo" },
            ["gate_open"] = new { Ask = "Is the gate open?", Answer = "YesNo" },
            ["light"] = new { Ask = "Is it day or night?", Answer = "Choice", Choices = (string[])["day", "night"] },
            ["cars"] = new { Ask = "How many cars are there?", Answer = "Number" },
            ["scene"] = new { Ask = "Describe the scene.", Answer = "Text", MaxTokens = 48 },
        };
        var file = Path.Combine(_folder, "appsettings.json");
        File.WriteAllText(file, JsonSerializer.Serialize(new
        {
            MobileVlm = new
            {
                Node = "fixture",
                StateFolder = Path.Combine(_folder, "state"),
                Model = new { Path = ReleaseFixture.Model($"{ReleaseFixture.Release}/models/demo-int4-prefill"), Target = "cpu" },
                Mqtt = new { Broker = broker.ToString() },
                Cameras = new
                {
                    gate = new
                    {
                        Source = string.Create(CultureInfo.InvariantCulture, $"rtsp://127.0.0.1:{Mosquitto.FreePort()}/none"),
                        Questions = questions,
                    },
                },
            },
        }));
        return file;
    }
}
