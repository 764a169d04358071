using System.Net;
using System.Text.Json.Nodes;

namespace MobileVlm.Edge.Architecture.Tests.Packaging;

/// <summary>The Home Assistant add-on: the rules of Home Assistant's developer documentation, and what its script does.</summary>
public sealed class AddonTests : IDisposable
{
    private static readonly string Folder = Path.Combine(Repository.Root, "Deploy", "homeassistant", "addon");

    private static readonly string[] Required = ["name", "version", "slug", "description", "arch"];

    private static readonly string[] Known =
    [
        .. Required, "url", "startup", "boot", "init", "stage", "services", "map", "video", "tmpfs", "timeout", "backup_exclude", "ingress", "ingress_port",
        "ingress_stream", "panel_icon", "panel_title", "ports", "ports_description", "watchdog", "options", "schema",
    ];

    private readonly string _data = Directory.CreateTempSubdirectory("mobilevlm-addon-").FullName;

    private static JsonNode Config => JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, "config.json")))!;

    public void Dispose() => Directory.Delete(_data, recursive: true);

    [Fact]
    public void The_manifest_has_every_required_key_and_only_documented_ones()
    {
        var keys = Config.AsObject().Select(it => it.Key).ToList();
        Assert.Empty(Required.Except(keys));
        Assert.Empty(keys.Except(Known));
        Assert.Matches("^[-_.A-Za-z0-9]+$", Config["slug"]!.ToString());
        Assert.All(Config["arch"]!.AsArray(), it => Assert.Contains(it!.ToString(), (string[])["amd64", "aarch64"]));
        Assert.Contains(Config["startup"]!.ToString(), (string[])["initialize", "system", "services", "application", "once"]);
        Assert.Contains(Config["boot"]!.ToString(), (string[])["auto", "manual"]);
        Assert.Contains(Config["stage"]!.ToString(), (string[])["stable", "experimental", "deprecated"]);
        Assert.All(Config["services"]!.AsArray(), it => Assert.Matches("^(mqtt|mysql):(provide|want|need)$", it!.ToString()));
        Assert.All(Config["ports"]!.AsObject(), it => Assert.Matches(@"^\d+/(tcp|udp)$", it.Key));
        Assert.Equal(Config["ports"]!.AsObject().Select(it => it.Key), Config["ports_description"]!.AsObject().Select(it => it.Key));
        Assert.Matches("^mdi:[a-z-]+$", Config["panel_icon"]!.ToString());

        var repository = JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, "..", "repository.json")))!;
        Assert.NotNull(repository["name"]);
    }

    [Fact]
    public void Every_option_has_a_type_that_home_assistant_knows_and_a_text()
    {
        var (options, schema) = (Config["options"]!.AsObject(), Config["schema"]!.AsObject());
        Assert.Empty(options.Select(it => it.Key).Except(schema.Select(it => it.Key)));
        // What has no default must be optional, otherwise the add-on cannot start as it was installed.
        Assert.All(schema.Where(it => !options.ContainsKey(it.Key)), it => Assert.EndsWith("?", it.Value!.ToString(), StringComparison.Ordinal));
        var leaves = schema.SelectMany(it => it.Value is JsonArray list ? list[0]!.AsObject().Select(field => field.Value!.ToString()) : [it.Value!.ToString()]);
        Assert.All(leaves, type => Assert.Matches(@"^(str|bool|int|float|email|url|password|port|device)(\(.*\))?\??$|^list\([^)]+\)\??$|^match\(.+\)\??$", type));

        var texts = File.ReadAllText(Path.Combine(Folder, "translations", "en.yaml"));
        Assert.All(schema, it => Assert.Matches($"\n  {it.Key}:\n    name: .+\n    description: .+", texts));
    }

    [Fact]
    public void The_files_that_home_assistant_shows_are_there_and_the_icon_has_its_size()
    {
        Assert.All((string[])["README.md", "DOCS.md", "Dockerfile", "run.sh", "icon.png"], name => Assert.True(File.Exists(Path.Combine(Folder, name)), name));
        var icon = File.ReadAllBytes(Path.Combine(Folder, "icon.png"));
        Assert.Equal("PNG", System.Text.Encoding.ASCII.GetString(icon, 1, 3));
        Assert.Equal((128, 128), (ReadInt(icon, 16), ReadInt(icon, 20)));
        var docker = File.ReadAllText(Path.Combine(Folder, "Dockerfile"));
        Assert.All((string[])["io.hass.version", "io.hass.type=\"addon\"", "io.hass.arch"], label => Assert.Contains(label, docker, StringComparison.Ordinal));

        static int ReadInt(byte[] bytes, int at) => System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(at));
    }

    [Fact]
    public void As_installed_it_plays_the_clip_to_the_toy_model_on_the_broker_of_home_assistant()
    {
        using var supervisor = new FakeSupervisor();
        var (code, output, errors) = Run(Config["options"]!, supervisor.Address);
        Assert.True(code == 0, errors);
        Assert.Equal(
            [$"model import /usr/lib/mobilevlm/demo/mobilevlm-demo-gate {_data}/models/demo", $"run --config {_data}/appsettings.json"], output.Split('\n'));

        var configuration = Written();
        Assert.Equal("mqtt://core-mosquitto:1883", configuration["Mqtt"]!["Broker"]!.ToString());
        Assert.Equal("addons", configuration["Mqtt"]!["User"]!.ToString());
        Assert.Equal("s3cret", File.ReadAllText(configuration["Mqtt"]!["PasswordFile"]!.ToString()).Trim());
        Assert.Equal("Bearer of the add-on", supervisor.Authorization);
        Assert.Equal($"0.0.0.0:{Config["ingress_port"]}", configuration["Http"]!["Listen"]!.ToString());
        Assert.Equal(["172.30.32.2"], configuration["Http"]!["TrustedProxies"]!.AsArray().Select(it => it!.ToString()));
        Assert.Equal("gate", Assert.Single(configuration["Cameras"]!.AsObject()).Key);
        Assert.Null(configuration["History"]);
        // The service creates a missing file only below its state folder.
        Assert.Equal($"{_data}/state", configuration["StateFolder"]!.ToString());
        Assert.StartsWith($"{_data}/state/", configuration["Http"]!["TokenFile"]!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_history_is_stored_on_request_and_stays_out_of_backups()
    {
        var options = Config["options"]!;
        options["history"] = true;
        Assert.Equal(0, Run(options, "http://127.0.0.1:1").Code);
        Assert.Equal($"{_data}/history", Written()["History"]!["Folder"]!.ToString());
        Assert.Contains("history/*", Config["backup_exclude"]!.AsArray().Select(it => it!.ToString()));
    }

    [Fact]
    public void Options_become_cameras_and_questions_and_a_model_is_downloaded_once()
    {
        var options = JsonNode.Parse("""
            {
              "model": "mtgv/MobileVLM_V2-1.7B", "broker": "mqtt://10.0.0.2", "user": "edge", "password": "mine",
              "cameras": [{ "name": "gate", "source": "rtsp://10.0.0.5/a" }, { "name": "yard", "source": "rtsp://10.0.0.6/b" }],
              "questions": [
                { "camera": "gate", "name": "door", "ask": "Open or closed?", "answer": "Choice", "choices": "open, closed", "every": 3725 },
                { "camera": "gate", "name": "cars", "ask": "How many \"cars\"?", "answer": "Number" }]
            }
            """)!;
        var (code, output, errors) = Run(options, "http://127.0.0.1:1");
        Assert.True(code == 0, errors);
        Assert.StartsWith($"model pull mtgv/MobileVLM_V2-1.7B {_data}/models/mobilevlm_v2-1.7b\n", output, StringComparison.Ordinal);

        var configuration = Written();
        Assert.Equal(("mqtt://10.0.0.2", "edge"), (configuration["Mqtt"]!["Broker"]!.ToString(), configuration["Mqtt"]!["User"]!.ToString()));
        Assert.Equal("mine", File.ReadAllText(Path.Combine(_data, "mqtt-password")).Trim());
        Assert.Equal(
            """{"Ask":"Open or closed?","Answer":"Choice","Every":"01:02:05","Choices":["open","closed"]}""",
            configuration["Cameras"]!["gate"]!["Questions"]!["door"]!.ToJsonString());
        Assert.Equal("How many \"cars\"?", configuration["Cameras"]!["gate"]!["Questions"]!["cars"]!["Ask"]!.ToString());
        Assert.Equal("Is there a person?", configuration["Cameras"]!["yard"]!["Questions"]!["person"]!["Ask"]!.ToString());

        Directory.CreateDirectory(Path.Combine(_data, "models", "mobilevlm_v2-1.7b"));
        File.WriteAllText(Path.Combine(_data, "models", "mobilevlm_v2-1.7b", "model.json"), "{}");
        Assert.Equal($"run --config {_data}/appsettings.json", Run(options, "http://127.0.0.1:1").Output);
    }

    [Fact]
    public void A_question_of_an_unknown_camera_is_an_error_and_a_missing_broker_is_named()
    {
        var options = JsonNode.Parse("""{ "model": "demo", "cameras": [], "questions": [{ "camera": "yard", "name": "a", "ask": "b", "answer": "Text" }] }""")!;
        var (code, _, errors) = Run(options, "http://127.0.0.1:1");
        Assert.Equal(2, code);
        Assert.Contains("does not have: yard", errors, StringComparison.Ordinal);

        (code, _, errors) = Run(Config["options"]!, "http://127.0.0.1:1");
        Assert.Equal(0, code);
        Assert.Contains("Home Assistant has no MQTT broker", errors, StringComparison.Ordinal);
        Assert.Equal("embedded", Written()["Mqtt"]!["Broker"]!.ToString());
    }

    [Fact]
    public void A_configuration_of_the_user_replaces_the_options()
    {
        var own = Path.Combine(_data, "own", "appsettings.json");
        Directory.CreateDirectory(Path.GetDirectoryName(own)!);
        File.WriteAllText(own, "{}");
        Assert.Equal($"run --config {own}", Run(Config["options"]!, "http://127.0.0.1:1").Output);
    }

    private JsonNode Written() => JsonNode.Parse(File.ReadAllText(Path.Combine(_data, "appsettings.json")))!["MobileVlm"]!;

    /// <summary>Runs the add-on's script with a program that prints its arguments instead of the service.</summary>
    private (int Code, string Output, string Errors) Run(JsonNode options, string supervisor)
    {
        File.WriteAllText(Path.Combine(_data, "options.json"), options.ToJsonString());
        var program = Path.Combine(_data, "program");
        File.WriteAllText(program, "#!/bin/sh\necho \"$@\"\n");
        ShellScript.RunTool("chmod", "+x", program);
        return ShellScript.RunTool(
            "env", $"ADDON_DATA={_data}", $"ADDON_CONFIG={_data}/own", $"ADDON_PROGRAM={program}", $"ADDON_MAPPING={Path.Combine(Folder, "options.jq")}",
            $"ADDON_SUPERVISOR={supervisor}", "SUPERVISOR_TOKEN=of the add-on", "bash", Path.Combine(Folder, "run.sh"));
    }

    /// <summary>Answers as the Supervisor does when it is asked for the MQTT broker.</summary>
    private sealed class FakeSupervisor : IDisposable
    {
        private readonly System.Net.Sockets.TcpListener _listener = new(IPAddress.Loopback, 0);

        private readonly Task _served;

        public FakeSupervisor()
        {
            _listener.Start();
            _served = ServeAsync();
        }

        public string Address => $"http://{_listener.LocalEndpoint}";

        public string? Authorization { get; private set; }

        public void Dispose()
        {
            _listener.Stop();
            _served.ContinueWith(_ => { }, TaskScheduler.Default).Wait();
        }

        private async Task ServeAsync()
        {
            using var client = await _listener.AcceptTcpClientAsync();
            using var reader = new StreamReader(client.GetStream());
            Assert.Equal("GET /services/mqtt HTTP/1.1", await reader.ReadLineAsync());
            while (await reader.ReadLineAsync() is { Length: > 0 } line)
            {
                if (line.StartsWith("Authorization: ", StringComparison.OrdinalIgnoreCase))
                {
                    Authorization = line["Authorization: ".Length..];
                }
            }

            const string Body = """{"result":"ok","data":{"host":"core-mosquitto","port":1883,"ssl":false,"username":"addons","password":"s3cret","protocol":"3.1.1"}}""";
            await client.GetStream().WriteAsync(System.Text.Encoding.ASCII.GetBytes(
                $"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {Body.Length}\r\nConnection: close\r\n\r\n{Body}"));
        }
    }
}
