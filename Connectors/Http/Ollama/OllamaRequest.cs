using System.Text.Json;
using MobileVlm.Edge.Connectors.Http.Completions;
using MobileVlm.Edge.Connectors.Http.Server;

namespace MobileVlm.Edge.Connectors.Http.Ollama;

/// <summary>The body of <c>/api/chat</c> and <c>/api/generate</c>. Members that are not used are ignored, whatever they
/// hold.</summary>
internal sealed record OllamaRequest
{
    private const int MaxStops = 16;
    private const int MaxStopLength = 256;

    public required ChatMessages Messages { get; init; }

    /// <summary>The name as the client wrote it, which comes back.</summary>
    public required string? Model { get; init; }

    public required SamplingSettings Sampling { get; init; }

    /// <summary>Streaming is the default.</summary>
    public required bool Streams { get; init; }

    /// <summary>The object to fill in; null for a text.</summary>
    public StructuredOutput? Structure { get; init; }

    /// <summary>The answer is any JSON object.</summary>
    public bool IsAnyObject { get; init; }

    /// <summary>The request only loads the model, or unloads it: it asks nothing.</summary>
    public bool OnlyLoads { get; init; }

    /// <summary>The model is not to be kept in memory, which this server ignores.</summary>
    public bool Unloads { get; init; }

    /// <summary>Reads the body of <c>/api/chat</c>.</summary>
    /// <exception cref="HttpFailureException">A member that is used is wrong.</exception>
    public static OllamaRequest ReadChat(JsonElement body)
    {
        var messages = new ChatMessages();
        if (body.Get("messages") is { ValueKind: JsonValueKind.Array } list)
        {
            foreach (var message in list.EnumerateArray())
            {
                messages.Add(message.Text("role") ?? "user", message.Text("content") ?? "", ReadPictures(message));
            }
        }

        // Some clients put the system prompt and the pictures beside the messages, some in both places.
        var isEmpty = messages.IsEmpty;
        if (!messages.HasSystem && body.Text("system") is { Length: > 0 } system && !isEmpty)
        {
            messages.Add("system", system, []);
        }

        messages.AddToLastUser(ReadPictures(body));
        return Common(body, messages, isEmpty && !messages.HasPicture);
    }

    /// <summary>Reads the body of <c>/api/generate</c>.</summary>
    /// <exception cref="HttpFailureException">A member that is used is wrong.</exception>
    public static OllamaRequest ReadGenerate(JsonElement body)
    {
        var messages = new ChatMessages();
        var prompt = body.Text("prompt") ?? "";
        var pictures = ReadPictures(body);
        if (prompt.Length == 0 && pictures.Count == 0)
        {
            return Common(body, messages, onlyLoads: true);
        }

        if (body.Text("system") is { Length: > 0 } system)
        {
            messages.Add("system", system, []);
        }

        messages.Add("user", prompt, pictures);
        return Common(body, messages, onlyLoads: false);
    }

    private static OllamaRequest Common(JsonElement body, ChatMessages messages, bool onlyLoads)
    {
        var format = body.Get("format");
        var isText = format?.ValueKind == JsonValueKind.String;
        return new OllamaRequest
        {
            Messages = messages,
            Model = body.Text("model") ?? body.Text("name"),
            Sampling = ReadSampling(body.Get("options")),
            Streams = body.Flag("stream") != false,
            Structure = format?.ValueKind == JsonValueKind.Object ? StructuredOutput.Read(format.Value) : null,
            IsAnyObject = isText && format!.Value.GetString() == "json",
            OnlyLoads = onlyLoads,
            Unloads = onlyLoads && body.Get("keep_alive") is { ValueKind: JsonValueKind.Number } keep && keep.GetDouble() == 0,
        };
    }

    private static SamplingSettings ReadSampling(JsonElement? given)
    {
        if (given is not { ValueKind: JsonValueKind.Object } options)
        {
            return new SamplingSettings();
        }

        return new SamplingSettings
        {
            MaxTokens = options.TokenLimit("num_predict") is > 0 and var most ? most : null,
            Temperature = options.Number("temperature", 0, 100) ?? 0,
            TopP = options.Number("top_p", 0, 1) is > 0 and var topP ? topP : 1,
            Seed = options.Number("seed", double.MinValue, double.MaxValue) is { } seed ? unchecked((int)(long)seed) : null,
            Stops = options.Texts("stop", MaxStops, MaxStopLength),
        };
    }

    private static List<Base64Picture> ReadPictures(JsonElement parent) =>
        parent.Get("images") is { ValueKind: JsonValueKind.Array } images
            ? [.. images.EnumerateArray().Select(image => Base64Picture.Read(image, "images"))]
            : [];
}
