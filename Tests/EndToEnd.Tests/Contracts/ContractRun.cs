using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.Data.Sqlite;

namespace MobileVlm.Edge.EndToEnd.Tests.Contracts;

/// <summary>One run of the real service with mosquitto and the demo clip, shared by all contract tests: each type of
/// question, ad-hoc questions, a switch, Home Assistant and metrics. The tests compare what it left.</summary>
public sealed partial class ContractRun : IAsyncLifetime
{
    private const string Node = "mobilevlm/edge-1";
    private const string Camera = $"{Node}/cam1";

    /// <summary>Names from this configuration, and their placeholders in a contract.</summary>
    private static readonly (string Given, string Placeholder)[] Given =
    [
        ("edge-1", "<node>"), ("cam1", "<camera>"), ("field1", "<field>"), ("field2", "<field>"),
        ("yesno1", "<question>"), ("choice1", "<question>"), ("number1", "<question>"), ("text1", "<question>"), ("json1", "<question>"),
        ("It is day.", "<choice>"), ("It is night.", "<choice>"),
    ];

    /// <summary>Topics that are published only when the camera's view changes, which is not part of this run.</summary>
    private static readonly string[] OnlyAtAViewChange = ["<camera>/view/before", "<camera>/view/after"];

    private readonly string _folder = Directory.CreateTempSubdirectory("mobilevlm-contracts-").FullName;

    private TimeSpan _timeout = 2 * Eventually.Patience;

    /// <summary>Topics published and subscribed to, each with its QoS and whether it is retained.</summary>
    public IReadOnlyList<string> Topics { get; private set; } = [];

    /// <summary>The words on topics whose payload is a single word.</summary>
    public IReadOnlyList<string> Words { get; private set; } = [];

    /// <summary>Members of the JSON payloads.</summary>
    public IReadOnlyList<string> Payloads { get; private set; } = [];

    /// <summary>Names, types and labels at the Prometheus endpoint.</summary>
    public IReadOnlyList<string> Metrics { get; private set; } = [];

    /// <summary>Files of the state folder with their members, tables and columns.</summary>
    public IReadOnlyList<string> State { get; private set; } = [];

    private string StateFolder => Path.Combine(_folder, "state");

    public async Task InitializeAsync()
    {
        var subscriptions = Path.Combine(_folder, "subscriptions.log");
        await using var broker = await Mosquitto.StartAsync(new MosquittoOptions
        {
            Extra = $"log_dest stderr\nlog_dest file {subscriptions}\nlog_type information\nlog_type warning\nlog_type error\nlog_type subscribe",
        });
        await using var subscriber = await MosquittoSub.StartAsync(broker.Address, "#", "--retain-as-published");
        var metrics = Mosquitto.FreePort();
        await using var service = EdgeProcess.Start("run", "--config", WriteConfiguration(broker.Address, metrics));
        foreach (var question in (string[])["yesno1", "choice1", "number1", "text1", "json1"])
        {
            await UntilSeenAsync(subscriber, $"{Camera}/{question}/answer", IsKnown);
        }

        await AskAsync(broker, subscriber);
        Publish(broker, $"{Camera}/text1/enabled/set", "OFF");
        await UntilSeenAsync(subscriber, $"{Camera}/text1/enabled", message => message.Text == "OFF");
        await UntilSeenAsync(subscriber, $"{Camera}/text1/state", message => message.Text == "unknown");

        // The clip determines when a person appears.
        await UntilSeenAsync(subscriber, $"{Camera}/yesno1/event");
        var before = subscriber.Messages.Count;
        await UntilSeenAsync(subscriber, $"{Node}/stats", message => subscriber.Messages.Skip(before).Contains(message));
        await UntilRecordedAsync(async () =>
        {
            Read(subscriber.Messages, subscriptions);
            Metrics = await ReadMetricsAsync(metrics);
            return Contract.AtLeast("payloads").Gone(Payloads).Count == 0 && Contract.AtLeast("metrics").Gone(Metrics).Count == 0;
        });

        service.Terminate();
        Assert.True(await service.ExitAsync() == 0, service.Errors);
        await UntilSeenAsync(subscriber, $"{Node}/availability", message => message.Text == "stopped");
        await UntilRecordedAsync(() =>
        {
            Read(subscriber.Messages, subscriptions);
            return Task.FromResult(
                Contract.Exact("topics").Gone(Topics).Count == 0 && Contract.AtLeast("topic-words").Gone(Words).Count == 0);
        });
        State = ReadState();
    }

    public Task DisposeAsync()
    {
        Directory.Delete(_folder, recursive: true);
        return Task.CompletedTask;
    }

    private static bool IsKnown(ReceivedMessage message) => JsonNode.Parse(message.Payload)!["state"]?.ToString() is not (null or "unknown");

    private static void Publish(Mosquitto broker, string topic, string payload) =>
        MosquittoTool.Run("mosquitto_pub", broker.Address, ["-t", topic, "-m", payload]);

    private async Task AskAsync(Mosquitto broker, MosquittoSub subscriber)
    {
        (string Topic, string Reply, string Payload)[] questions =
        [
            ("cam1/ask", "replies/yesno", """{"question": "Is there a person?", "answer": "YesNo", "id": "1", "replyTo": "replies/yesno"}"""),
            ("cam1/ask", "replies/choice", """{"question": "Is it day or night?", "answer": "Choice", "choices": ["It is day.", "It is night."], "replyTo": "replies/choice"}"""),
            ("cam1/ask", $"{Camera}/reply", "Describe the scene."),
            ("ask", "replies/invalid", """{"question": "Who?", "answer": "Maybe", "camera": "cam1", "id": "2", "replyTo": "replies/invalid"}"""),
            ("ask", $"{Node}/reply", """{"question": "Describe the scene."}"""),
        ];
        foreach (var (topic, reply, payload) in questions)
        {
            Publish(broker, $"{Node}/{topic}", payload);
            await UntilSeenAsync(subscriber, reply);
        }
    }

    /// <summary>Waits for a message. If it does not arrive, the run continues with shorter waits, because the tests report more
    /// precisely what is missing.</summary>
    private async Task UntilSeenAsync(MosquittoSub subscriber, string topic, Func<ReceivedMessage, bool>? isMatch = null)
    {
        try
        {
            await subscriber.WaitForAsync(topic, isMatch, _timeout);
        }
        catch (TimeoutException) when (!Contract.IsUpdate)
        {
            _timeout = TimeSpan.FromSeconds(2);
        }
    }

    /// <summary>Waits until everything that is recorded was seen. If that does not happen, the tests report what is missing.</summary>
    private async Task UntilRecordedAsync(Func<Task<bool>> isAllSeen)
    {
        try
        {
            await Eventually.TrueAsync(isAllSeen, "everything that was recorded is seen", _timeout / 2);
        }
        catch (TimeoutException)
        {
            _timeout = TimeSpan.FromSeconds(2);
        }
    }

    private static string Generalize(string name) =>
        Given.Aggregate(name, (text, it) => text.Replace(it.Given, it.Placeholder, StringComparison.Ordinal));

    private void Read(IReadOnlyList<ReceivedMessage> messages, string subscriptions)
    {
        var published = messages.Where(IsOurs).Select(message => (message, Topic: Generalize(message.Topic))).ToList();
        Topics =
        [
            .. published.Where(it => !OnlyAtAViewChange.Any(topic => it.Topic.EndsWith(topic, StringComparison.Ordinal)))
                .Select(it => string.Create(
                    CultureInfo.InvariantCulture,
                    $"publishes {it.Topic} QoS {it.message.QualityOfService}{(it.message.Retained ? " retained" : "")}"))
                .Distinct(StringComparer.Ordinal),
            .. File.ReadLines(subscriptions).Select(line => Subscription().Match(line)).Where(match => match.Success)
                .Select(match => $"subscribes {Generalize(match.Groups["filter"].Value)} QoS {match.Groups["qos"].Value}")
                .Distinct(StringComparer.Ordinal),
        ];
        Words =
        [
            .. published.Where(it => it.message.Text.Length > 0
                    && (it.Topic.EndsWith("availability", StringComparison.Ordinal)
                        || it.Topic.EndsWith("/enabled", StringComparison.Ordinal)
                        || it.message.Topic is $"{Camera}/yesno1/state" or $"{Camera}/text1/state" && it.message.Text is "yes" or "no" or "unknown"))
                .Select(it => $"{it.Topic} {it.message.Text}").Distinct(StringComparer.Ordinal),
        ];
        Payloads = [.. messages.SelectMany(ReadPayload).Distinct(StringComparer.Ordinal)];

        // Commands are published by clients, not by the service.
        static bool IsOurs(ReceivedMessage message) =>
            !message.Topic.EndsWith("/ask", StringComparison.Ordinal) && !message.Topic.EndsWith("/set", StringComparison.Ordinal);
    }

    private static IEnumerable<string> ReadPayload(ReceivedMessage message)
    {
        var name = message.Topic switch
        {
            $"{Node}/stats" => "stats",
            $"{Camera}/yesno1/event" => "event",
            $"{Camera}/reply" => "reply/text",
            $"{Node}/reply" => "reply/without-camera",
            _ when message.Topic.StartsWith("replies/", StringComparison.Ordinal) => message.Topic.Replace("replies/", "reply/", StringComparison.Ordinal),
            _ when message.Topic.StartsWith("homeassistant/device/", StringComparison.Ordinal) => "discovery",
            _ when message.Topic.EndsWith("/answer", StringComparison.Ordinal) => $"answer/{message.Topic.Split('/')[^2]}",
            _ => null,
        };
        return name is null || message.Payload.Length == 0 ? [] : JsonShape.Of(name, message.Text, Generalize);
    }

    private static async Task<IReadOnlyList<string>> ReadMetricsAsync(int port)
    {
        using var client = new HttpClient();
        var text = await client.GetStringAsync(new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}/metrics")));
        var lines = new List<string>();
        foreach (var line in text.Split('\n'))
        {
            if (line.StartsWith("# TYPE ", StringComparison.Ordinal))
            {
                lines.Add(line["# TYPE ".Length..]);
            }
            else if (Labels().Match(line) is { Success: true } sample)
            {
                lines.AddRange(
                    from label in Label().Matches(sample.Groups["labels"].Value)
                    let name = label.Groups["name"].Value
                    select $"{sample.Groups["name"].Value} label {name}{(name is "stage" or "part" or "otel_scope_name" ? $"={label.Groups["value"].Value}" : "")}");
            }
        }

        return [.. lines.Distinct(StringComparer.Ordinal)];
    }

    private List<string> ReadState()
    {
        List<string> lines =
        [
            .. Directory.GetFiles(StateFolder).Where(file => !file.EndsWith("-wal", StringComparison.Ordinal) && !file.EndsWith("-shm", StringComparison.Ordinal))
                .Select(file => $"file {Path.GetFileName(file)}"),
            .. Directory.GetFiles(StateFolder, "*.json").SelectMany(file => JsonShape.Of(Path.GetFileName(file), File.ReadAllText(file), Generalize)),
        ];
        var database = new SqliteConnectionStringBuilder
        {
            DataSource = Path.Combine(StateFolder, "outbox.db"),
            Mode = SqliteOpenMode.ReadWrite,
            Pooling = false,
        };
        using var connection = new SqliteConnection(database.ToString());
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = """
            SELECT s.name || ' (' || s.type || ')' || coalesce('.' || c.name || ' ' || c.type, '')
            FROM sqlite_schema s LEFT JOIN pragma_table_info(s.name) c ON s.type = 'table' WHERE s.name NOT LIKE 'sqlite_%';
            """;
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            lines.Add($"outbox.db {reader.GetString(0)}");
        }

        return lines;
    }

    private string WriteConfiguration(Uri broker, int metrics)
    {
        var questions = new Dictionary<string, object>
        {
            ["yesno1"] = new { Ask = "Is there a person?", Answer = "YesNo", Every = "00:00:00.5" },
            ["choice1"] = new { Ask = "Is it day or night?", Answer = "Choice", Choices = (string[])["It is day.", "It is night."], Every = "00:00:01" },
            ["number1"] = new { Ask = "How many cars are there?", Answer = "Number", Every = "00:00:01", MaxTokens = 24, Max = 20, Unit = "cars" },
            ["text1"] = new { Ask = "Describe the scene.", Answer = "Text", Every = "00:00:01", MaxTokens = 48 },
            ["json1"] = new
            {
                Ask = "What is at the gate",
                Answer = "Json",
                Every = "00:00:01",
                Fields = new
                {
                    field1 = new { Ask = "Is anything burning?", Answer = "YesNo" },
                    field2 = new { Ask = "Count the cars.", Answer = "Number", MaxTokens = 24 },
                },
            },
        };
        var file = Path.Combine(_folder, "appsettings.json");
        File.WriteAllText(file, JsonSerializer.Serialize(new
        {
            MobileVlm = new
            {
                Node = "edge-1",
                StateFolder,
                Model = new { Path = DemoModel.Folder.FolderPath, Target = "cpu" },
                Mqtt = new { Broker = broker.ToString(), HomeAssistant = new { Enabled = true } },
                Pipeline = new { StatsEvery = "00:00:01" },
                Metrics = new { Port = metrics },
                Cameras = new { cam1 = new { Source = DemoModel.Clip, Speed = 2, Questions = questions } },
            },
        }));
        return file;
    }

    [GeneratedRegex(@"^\d+: \S+ (?<qos>[0-2]) (?<filter>(mobilevlm|homeassistant)/\S+)$")]
    private static partial Regex Subscription();

    [GeneratedRegex(@"^(?<name>[a-zA-Z_:]\w*)\{(?<labels>.*)\} \S+")]
    private static partial Regex Labels();

    [GeneratedRegex(@"(?<name>[a-zA-Z_]\w*)=""(?<value>(?:[^""\\]|\\.)*)""")]
    private static partial Regex Label();
}
