using System.Text.Json;
using System.Text.Json.Nodes;
using MobileVlm.Edge.Connectors.Http.Api;
using MobileVlm.Edge.Connectors.Http.Server;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace MobileVlm.Edge.Connectors.Http.Mcp;

/// <summary>The tools that clients of the Model Context Protocol call: list cameras, read a camera's latest answers, ask a question about
/// its next frame.</summary>
internal sealed class McpTools(HttpServices services, AdmittedAsks asks)
{
    private const string ListCameras = "list_cameras";
    private const string LatestAnswers = "latest_answers";
    private const string AskCamera = "ask_camera";

    /// <summary>All tools with their descriptions, which models read.</summary>
    public static IReadOnlyList<Tool> All { get; } =
    [
        Create(
            ListCameras,
            "Lists the cameras of this device: whether each is online, and the current state of its standing questions.",
            """{"type":"object","properties":{}}"""),
        Create(
            LatestAnswers,
            "Returns the latest answers of one camera: for each standing question its text, state, value, score (0 to 1), age in milliseconds, and why there is no answer.",
            """{"type":"object","properties":{"camera":{"type":"string","description":"The camera's id, as list_cameras returns it."}},"required":["camera"]}"""),
        Create(
            AskCamera,
            "Asks a question about the next frame of a camera. A vision language model on the device answers it; that takes some seconds.",
            """
            {"type":"object","properties":{
              "camera":{"type":"string","description":"The camera's id, as list_cameras returns it."},
              "question":{"type":"string","description":"The question, such as: Is there a person at the gate?"},
              "answer":{"type":"string","enum":["YesNo","Choice","Number","Text"],"description":"The type of the answer; Text unless given. YesNo and Choice have a probability as score."},
              "choices":{"type":"array","items":{"type":"string"},"description":"Two or more answers to choose from; with answer Choice only."},
              "snapshot":{"type":"boolean","description":"Also return the camera's newest frame as an image."}
            },"required":["camera","question"]}
            """),
    ];

    /// <summary>Calls a tool. What the client did wrong, and what the device cannot do now, is a result with <c>isError</c>, so that a model
    /// can read it.</summary>
    /// <param name="call">Name and arguments.</param>
    /// <param name="requireFull">Throws <see cref="HttpFailureException"/> if the request has no full token.</param>
    /// <param name="cancel">The client left or the server stops.</param>
    /// <exception cref="McpProtocolException">The name is not that of a tool.</exception>
    public async ValueTask<CallToolResult> CallAsync(CallToolRequestParams? call, Action requireFull, CancellationToken cancel)
    {
        try
        {
            var arguments = JsonSerializer.SerializeToElement(
                call?.Arguments ?? new Dictionary<string, JsonElement>(), HttpJson.Default.IDictionaryStringJsonElement);
            switch (call?.Name)
            {
                case ListCameras:
                    return Result(new JsonObject { ["cameras"] = new JsonArray([.. Cameras.Cameras.Select(ApiRoutes.Describe)]) });
                case LatestAnswers:
                    return Result(ApiRoutes.Describe(Cameras.Find(arguments.Text("camera"))));
                case AskCamera:
                    requireFull();
                    return await AskAsync(arguments, cancel);
                default:
                    throw new McpProtocolException($"The tool '{HttpFailureException.Shown(call?.Name)}' is not known; known are {string.Join(", ", All.Select(tool => tool.Name))}.", McpErrorCode.InvalidParams);
            }
        }
        catch (HttpFailureException failure)
        {
            return new CallToolResult { IsError = true, Content = [new TextContentBlock { Text = failure.Message }] };
        }
    }

    private ICameraService Cameras => services.Started(services.Cameras);

    private async Task<CallToolResult> AskAsync(JsonElement arguments, CancellationToken cancel)
    {
        var camera = Cameras.Find(arguments.Text("camera"));
        var questions = AskBody.ReadOne(arguments);
        var answer = (await asks.AskAsync(camera.Id, questions, cancel))[0];
        var document = ApiRoutes.DescribeAnswer(questions[0], answer);
        ApiRoutes.AddFrame(document, camera.Id, answer);
        var result = Result(document);
        if (arguments.Flag("snapshot") == true && await Cameras.SnapshotAsync(camera.Id, cancel) is { } snapshot)
        {
            result.Content.Add(ImageContentBlock.FromBytes(snapshot.Jpeg, "image/jpeg"));
        }

        return result;
    }

    private static CallToolResult Result(JsonObject document) => new()
    {
        Content = [new TextContentBlock { Text = JsonSerializer.Serialize(document, HttpJson.Default.JsonNode) }],
        StructuredContent = JsonSerializer.SerializeToElement(document, HttpJson.Default.JsonNode),
    };

    private static Tool Create(string name, string description, string schema)
    {
        using var document = JsonDocument.Parse(schema);
        return new Tool
        {
            Name = name,
            Description = description,
            InputSchema = document.RootElement.Clone(),
            Annotations = new ToolAnnotations { ReadOnlyHint = true, OpenWorldHint = false },
        };
    }
}
