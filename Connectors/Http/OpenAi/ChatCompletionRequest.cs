using System.Text.Json;
using MobileVlm.Edge.Connectors.Http.Completions;
using MobileVlm.Edge.Connectors.Http.Server;

namespace MobileVlm.Edge.Connectors.Http.OpenAi;

/// <summary>The body of <c>/v1/chat/completions</c>. Members that are not used are ignored, whatever they hold.</summary>
internal sealed record ChatCompletionRequest
{
    private const int MaxStops = 16;
    private const int MaxStopLength = 256;
    private const int MaxTop = 20;

    public required ChatMessages Messages { get; init; }

    public required string? Model { get; init; }

    public required SamplingSettings Sampling { get; init; }

    public required bool Streams { get; init; }

    /// <summary>The stream ends with the counts of tokens.</summary>
    public required bool IncludesUsage { get; init; }

    /// <summary>The object to fill in; null for a text.</summary>
    public StructuredOutput? Structure { get; init; }

    /// <summary>The answer is any JSON object.</summary>
    public bool IsAnyObject { get; init; }

    /// <summary>The tool that must be called, whose arguments are <see cref="Structure"/>; null for a message.</summary>
    public string? Tool { get; init; }

    /// <summary>Reads the body.</summary>
    /// <exception cref="HttpFailureException">A member that is used is wrong.</exception>
    public static ChatCompletionRequest Read(JsonElement body)
    {
        var messages = new ChatMessages();
        if (body.Get("messages") is not { ValueKind: JsonValueKind.Array } list)
        {
            throw HttpFailureException.Invalid("messages", "'messages' is not a list");
        }

        foreach (var message in list.EnumerateArray())
        {
            var (text, pictures) = ReadContent(message.Get("content"));
            messages.Add(message.Text("role") ?? "user", text, pictures);
        }

        if (body.Whole("n", 0, 1000) is > 1)
        {
            throw HttpFailureException.Invalid("n", "'n' is above 1; this server gives one answer");
        }

        var (structure, tool) = ReadTool(body);
        var format = body.Get("response_format");
        return new ChatCompletionRequest
        {
            Messages = messages,
            Model = body.Text("model"),
            Sampling = ReadSampling(body) with
            {
                TopLogProbabilities = body.Flag("logprobs") == true ? body.Whole("top_logprobs", 0, MaxTop) ?? 0 : null,
            },
            Streams = body.Flag("stream") == true,
            IncludesUsage = body.Get("stream_options")?.Flag("include_usage") == true,
            Tool = tool,
            Structure = structure ?? (format?.Text("type") == "json_schema" ? ReadSchema(format.Value) : null),
            IsAnyObject = format?.Text("type") == "json_object",
        };
    }

    /// <summary>The members that chat and completions share.</summary>
    public static SamplingSettings ReadSampling(JsonElement body) => new()
    {
        MaxTokens = body.TokenLimit("max_completion_tokens") ?? body.TokenLimit("max_tokens"),
        Temperature = body.Number("temperature", 0, 100) ?? 0,
        TopP = body.Number("top_p", double.Epsilon, 1) ?? 1,
        Seed = body.Number("seed", double.MinValue, double.MaxValue) is { } seed ? unchecked((int)(long)seed) : null,
        Stops = body.Texts("stop", MaxStops, MaxStopLength),
    };

    private static (string Text, IReadOnlyList<Base64Picture> Pictures) ReadContent(JsonElement? content)
    {
        switch (content?.ValueKind)
        {
            case null:
                return ("", []);
            case JsonValueKind.String:
                return (content.Value.GetString()!, []);
            case JsonValueKind.Array:
                break;
            default:
                throw HttpFailureException.Invalid("messages", "the 'content' of a message is neither a text nor a list of parts");
        }

        var texts = new List<string>();
        var pictures = new List<Base64Picture>();
        foreach (var part in content.Value.EnumerateArray())
        {
            switch (part.ValueKind == JsonValueKind.String ? "" : part.Text("type"))
            {
                case "":
                    texts.Add(part.GetString()!);
                    break;
                case "text" or "input_text" or null:
                    texts.Add(part.Text("text") ?? "");
                    break;
                case "image_url" or "input_image" or "image":
                    var picture = part.Get("image_url") ?? part.Get("image");
                    picture = picture?.ValueKind == JsonValueKind.Object ? picture.Value.Get("url") : picture;
                    pictures.Add(Base64Picture.Read(
                        picture ?? throw HttpFailureException.Invalid("messages", "a picture has no 'url'"), "messages"));
                    break;
                case var type:
                    throw HttpFailureException.Invalid("messages", $"parts of type '{type}' are not accepted; text and image_url are");
            }
        }

        return (string.Join('\n', texts.Where(text => text.Length > 0)), pictures);
    }

    private static StructuredOutput ReadSchema(JsonElement format) => StructuredOutput.Read(
        format.Get("json_schema")?.Get("schema") ?? format.Get("schema")
        ?? throw HttpFailureException.Invalid("response_format", "'response_format' has no schema"));

    /// <summary>A tool that must be called is answered as structured output. Other tools are ignored.</summary>
    private static (StructuredOutput? Structure, string? Tool) ReadTool(JsonElement body)
    {
        if (body.Get("tool_choice") is not { } choice)
        {
            return default;
        }

        var name = choice.ValueKind == JsonValueKind.Object ? choice.Get("function")?.Text("name") ?? choice.Text("name") : null;
        if (name is null && !(choice.ValueKind == JsonValueKind.String && choice.GetString() == "required"))
        {
            return default;
        }

        JsonElement[] functions = body.Get("tools") is { ValueKind: JsonValueKind.Array } tools
            ? [.. tools.EnumerateArray().Select(tool => tool.Get("function") ?? tool).Where(function => name is null || function.Text("name") == name)]
            : [];
        if (functions is not [var only])
        {
            throw HttpFailureException.Invalid("tool_choice", name is null
                ? "'tool_choice' is 'required' with several tools; with one tool, or with response_format, the answer is structured"
                : $"'tool_choice' names '{name}', which is not among the tools");
        }

        using var empty = JsonDocument.Parse("""{"type":"object","properties":{}}""");
        return (StructuredOutput.Read(only.Get("parameters") ?? empty.RootElement.Clone()), only.Text("name") ?? "");
    }
}
