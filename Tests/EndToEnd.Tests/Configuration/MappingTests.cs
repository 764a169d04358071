using System.Text;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Deploy.Configuration;

namespace MobileVlm.Edge.EndToEnd.Tests.Configuration;

public sealed class MappingTests : IDisposable
{
    private readonly ConfigurationFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void Cameras_and_questions_become_camera_configurations()
    {
        var settings = _fixture.Read(ConfigurationFixture.Design).ToEdgeSettings("mobilevlm-v2-1.7b");

        Assert.Equal(("edge-1", "mobilevlm-v2-1.7b", "cpu"), (settings.Node, settings.ModelName, settings.Target));
        var gate = Assert.Single(settings.Cameras);
        Assert.Equal(new CameraId("gate"), gate.Id);
        Assert.True(gate.Snapshot);
        Assert.Equal(
            [
                new StandingQuestion("person", "Is there a person?", QuestionKind.YesNo, TimeSpan.FromSeconds(2)),
                new StandingQuestion("scene", "Describe the scene.", QuestionKind.Text, TimeSpan.FromSeconds(30)),
            ],
            gate.Questions);
    }

    [Fact]
    public void Defaults_are_those_of_the_other_projects()
    {
        var configuration = _fixture.Read(ConfigurationFixture.Small());

        Assert.Equal(new PipelineSettings(), configuration.ToEdgeSettings("m").Pipeline);
        Assert.Equal(
            new CameraSettings { Id = new CameraId("gate"), Source = "pattern:", MaxWidth = 672 },
            Assert.Single(configuration.ToCameraSettings()));
    }

    [Fact]
    public void Every_setting_reaches_the_other_projects()
    {
        var configuration = _fixture.Read(ConfigurationFixture.Small(
            model: """, "Target": "Cuda:1", "ProviderLibrary": "libcuda-provider.so", "RuntimeLibrary": "/opt/onnxruntime/libonnxruntime.so", "KleidiAi": false, "Threads": 3, "ContextTokens": 2048""",
            camera: """
                , "Loop": false, "Pace": "fast", "Speed": 2.5, "MaxFrameRate": 5, "MaxWidth": 640, "RtspTransport": "UDP",
                "OpenTimeout": "00:00:20", "StallTimeout": "00:00:09", "Snapshot": false
                """,
            question: """, "MaxTokens": 7""",
            more: """
                , "Pipeline": { "Overlap": true, "MaxFrameAge": "00:00:01", "Restarts": 2, "RestartWindow": "00:01:00",
                  "StopWithin": "00:00:04", "StatsEvery": "00:00:05" },
                "Tools": { "Ffmpeg": "tools/ffmpeg", "GstLaunch": "gst" }
                """));

        Assert.Equal(
            new CameraSettings
            {
                Id = new CameraId("gate"),
                Source = "pattern:",
                Loop = false,
                Pace = Pace.Fast,
                Speed = 2.5,
                MaxFrameRate = 5,
                MaxWidth = 640,
                RtspTransport = "udp",
                OpenTimeout = TimeSpan.FromSeconds(20),
                StallTimeout = TimeSpan.FromSeconds(9),
                FfmpegPath = Path.Combine(_fixture.Current, "tools/ffmpeg"),
                GstLaunchPath = "gst",
            },
            Assert.Single(configuration.ToCameraSettings()));
        var edge = configuration.ToEdgeSettings("m");
        Assert.Equal(
            new PipelineSettings
            {
                Overlap = true,
                MaxFrameAge = TimeSpan.FromSeconds(1),
                RestartBudget = new RestartBudget(2, TimeSpan.FromMinutes(1)),
                StopWithin = TimeSpan.FromSeconds(4),
                StatsEvery = TimeSpan.FromSeconds(5),
            },
            edge.Pipeline);
        Assert.False(Assert.Single(edge.Cameras).Snapshot);
        Assert.Equal(7, Assert.Single(edge.Cameras[0].Questions).MaxTokens);
        var execution = configuration.ToExecutionSettings();
        Assert.False(execution.UseKleidiAi);
        Assert.Equal((3, 2048, "cuda:1"), (execution.Threads, configuration.ContextTokens, execution.Target.ToString()));
        Assert.Equal(Path.Combine(configuration.Folder, "libcuda-provider.so"), execution.ProviderLibrary);
        Assert.Equal("/opt/onnxruntime/libonnxruntime.so", configuration.RuntimeLibrary);
        Assert.Equal(TimeSpan.FromSeconds(4), configuration.StopWithin);
    }

    [Fact]
    public void The_will_is_a_retained_offline_on_the_availability_topic()
    {
        var configuration = _fixture.Read(ConfigurationFixture.Design);

        var will = configuration.ToMqttSettings(new Uri("mqtt://127.0.0.1:1883")).Will;

        Assert.Equal("mobilevlm/edge-1/availability", will.Topic);
        Assert.Equal(configuration.ToTopics().Availability, will.Topic);
        Assert.Equal("offline", Encoding.UTF8.GetString(will.Payload.Span));
        Assert.True(will.Retain);
    }

    [Fact]
    public void The_client_connects_to_the_address_of_the_embedded_broker()
    {
        var configuration = _fixture.Read(ConfigurationFixture.Small(mqtt: "\"Broker\": \"embedded\", \"Port\": 0"));

        Assert.Equal(0, configuration.EmbeddedBrokerPort);
        Assert.Equal(new Uri("mqtt://127.0.0.1:4000"), configuration.ToMqttSettings(new Uri("mqtt://127.0.0.1:4000")).Broker);
        Assert.Throws<ArgumentNullException>(() => configuration.ToMqttSettings(null));
        Assert.Equal(1883, _fixture.Read(ConfigurationFixture.Small()).EmbeddedBrokerPort);
    }

    [Theory]
    [InlineData("mqtt://host", "mqtt://host:1883")]
    [InlineData("MQTTS://host", "mqtts://host:8883")]
    [InlineData("mqtt://[::1]/", "mqtt://[::1]:1883")]
    [InlineData("mqtts://10.0.0.2:8884", "mqtts://10.0.0.2:8884")]
    public void Another_broker_is_reached_at_its_address_with_its_port(string written, string reached)
    {
        var configuration = _fixture.Read(ConfigurationFixture.Small(mqtt: $"\"Broker\": \"{written}\""));

        Assert.Null(configuration.EmbeddedBrokerPort);
        Assert.Equal(new Uri(reached), configuration.ToMqttSettings(null).Broker);
    }

    [Fact]
    public void The_login_is_passed_on_with_full_paths()
    {
        var password = _fixture.Write(_fixture.Current, "password", "x");
        var authority = _fixture.Write(_fixture.Current, "ca.pem", "x");

        var mqtt = _fixture.Read(ConfigurationFixture.Small(mqtt: """
            "Broker": "mqtts://host", "User": "u", "PasswordFile": "password", "CaFile": "./ca.pem", "ClientId": "me", "KeepAlive": "00:00:30"
            """)).ToMqttSettings(null);

        Assert.Equal(("u", password, authority, "me", TimeSpan.FromSeconds(30)), (mqtt.User, mqtt.PasswordFile, mqtt.CaFile, mqtt.ClientId, mqtt.KeepAlive));
    }

    [Theory]
    [InlineData("host-7.lan", "host-7-lan")]
    [InlineData("büro host", "b-ro-host")]
    [InlineData("...", "edge")]
    [InlineData("", "edge")]
    public void Without_a_name_the_node_has_the_name_of_its_host(string host, string node)
    {
        var configuration = EdgeConfiguration.FromJson(ConfigurationFixture.Small(), _fixture.Sources with { HostName = host });

        Assert.Equal(node, configuration.Node);
        Assert.Equal($"mobilevlm-{node}", configuration.ToMqttSettings(new Uri("mqtt://127.0.0.1:1")).ClientId);
    }

    [Fact]
    public void The_longest_node_name_still_gives_a_client_id_that_brokers_accept()
    {
        var configuration = EdgeConfiguration.FromJson(ConfigurationFixture.Small(), _fixture.Sources with { HostName = new string('a', 200) });

        Assert.Equal(64, configuration.ToMqttSettings(new Uri("mqtt://127.0.0.1:1")).ClientId.Length);
    }

    [Theory]
    [InlineData("clips/gate.mp4", true)]
    [InlineData("/srv/gate.mp4", false)]
    [InlineData("/dev/video0", false)]
    [InlineData("rtsp://10.0.0.5/x", false)]
    [InlineData("gst:v4l2src device=/dev/video0", false)]
    public void Only_relative_paths_start_in_the_configurations_folder(string source, bool relative)
    {
        var configuration = _fixture.Read(ConfigurationFixture.Small().Replace("pattern:", source, StringComparison.Ordinal));

        Assert.Equal(
            relative ? Path.Combine(_fixture.Current, source) : source,
            Assert.Single(configuration.ToCameraSettings()).Source);
    }
}
