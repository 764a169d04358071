using System.Text.Json;
using System.Text.Json.Nodes;
using MobileVlm.Edge.Connectors.Http.Completions;
using MobileVlm.Edge.Connectors.Http.Server;

namespace MobileVlm.Edge.Connectors.Http.Ollama;

/// <summary>The routes of Ollama that its clients use. Lists are answered before the model is loaded: some clients ask for them
/// once and never again.</summary>
/// <param name="runner">Gives requests their turn at the model.</param>
/// <param name="bodies">Reads bodies.</param>
/// <param name="version">The version of this program.</param>
internal sealed class OllamaRoutes(CompletionRunner runner, RequestBody bodies, string version)
{
    /// <summary><c>/api/version</c>.</summary>
    public Task VersionAsync(RouteContext context) => context.WriteJsonAsync(new JsonObject { ["version"] = version });

    /// <summary><c>/api/tags</c>: what texts can be sent to.</summary>
    public Task TagsAsync(RouteContext context) => context.WriteJsonAsync(
        new JsonObject { ["models"] = runner.Completion.Refusal is null ? new JsonArray(Describe()) : [] });

    /// <summary><c>/api/ps</c>.</summary>
    public Task RunningAsync(RouteContext context)
    {
        var model = Describe();
        model["expires_at"] = "9999-12-31T00:00:00Z";
        model["size_vram"] = 0;
        model["context_length"] = runner.Model.ContextTokens;
        var isLoaded = runner.Completion is { Refusal: null, Ready.IsCompletedSuccessfully: true };
        return context.WriteJsonAsync(new JsonObject { ["models"] = isLoaded ? new JsonArray(model) : [] });
    }

    /// <summary><c>/api/show</c>.</summary>
    public async Task ShowAsync(RouteContext context)
    {
        runner.CheckModel(await bodies.ReadJsonAsync(context, body => body.Text("model") ?? body.Text("name"), RequestBody.MaxShortBytes));
        var model = runner.Model;
        await context.WriteJsonAsync(new JsonObject
        {
            ["license"] = model.License ?? "",
            ["modelfile"] = $"FROM {model.Id}",
            ["parameters"] = "",
            ["template"] = "{{ .System }} USER: {{ .Prompt }} ASSISTANT:",
            ["details"] = Details(),
            ["model_info"] = new JsonObject
            {
                ["general.architecture"] = "llama",
                ["general.name"] = model.Id,
                ["llama.context_length"] = model.ContextTokens,
                ["llama.vocab_size"] = model.VocabularySize,
                ["mobilevlm.picture_tokens"] = model.PictureTokens,
            },
            ["capabilities"] = model.HasVision ? new JsonArray("completion", "vision") : new JsonArray("completion"),
            ["modified_at"] = HttpResponses.Timestamp(model.CreatedAt),
        });
    }

    /// <summary><c>/api/pull</c>: the model that is here is there already; no other is fetched.</summary>
    public async Task PullAsync(RouteContext context)
    {
        var streams = await bodies.ReadJsonAsync(
            context,
            body =>
            {
                runner.CheckModel(body.Text("model") ?? body.Text("name"));
                return body.Flag("stream") != false;
            },
            RequestBody.MaxShortBytes);
        if (!streams)
        {
            await context.WriteJsonAsync(new JsonObject { ["status"] = "success" });
            return;
        }

        var stream = new StreamResponse(context);
        await stream.BeginLinesAsync();
        await stream.WriteLineAsync(new JsonObject { ["status"] = "pulling manifest" });
        await stream.WriteLineAsync(new JsonObject { ["status"] = "success" });
    }

    /// <summary><c>/api/chat</c>.</summary>
    public Task ChatAsync(RouteContext context) => HandleAsync(context, OllamaRequest.ReadChat, isChat: true);

    /// <summary><c>/api/generate</c>.</summary>
    public Task GenerateAsync(RouteContext context) => HandleAsync(context, OllamaRequest.ReadGenerate, isChat: false);

    private async Task HandleAsync(RouteContext context, Func<JsonElement, OllamaRequest> read, bool isChat)
    {
        var (request, chat, leftOut) = await bodies.ReadJsonAsync(context, body =>
        {
            var parsed = read(body);
            runner.CheckModel(parsed.Model);
            string? omitted = null;
            var conversation = parsed.OnlyLoads ? null : parsed.Messages.Build(runner.Model, CompletionRunner.SamplingOf(parsed.Messages, parsed.Sampling), out omitted);
            return (parsed, conversation, omitted);
        });
        if (leftOut is not null)
        {
            context.Http.Response.Headers[ChatMessages.LeftOutHeader] = leftOut;
        }

        var answer = new OllamaAnswer(request.Model ?? runner.Model.Id, isChat, runner.Time);
        if (chat is null)
        {
            await WriteAsync(context, request, answer.Last(null, "", request.Unloads ? "unload" : "load"));
            return;
        }

        if (request.Messages.IsChatTask && runner.Settings.ChatTasks == ChatTaskMode.Empty)
        {
            await WriteAsync(context, request, answer.Last(null, "{}", "stop"));
            return;
        }

        var priority = CompletionRunner.PriorityOf(chat, request.Streams);
        if (await runner.TryFillAsync(chat, request.Structure, request.IsAnyObject, priority, context.Stopping) is { } filled)
        {
            await WriteAsync(context, request, answer.Last(filled, filled.Text, "stop"));
        }
        else if (request.Streams && !request.IsAnyObject)
        {
            await runner.StreamAsync(
                priority,
                (onText, cancel) => runner.Completion.ChatAsync(chat, onText, cancel),
                new LineStream(new StreamResponse(context), answer),
                context.Stopping);
        }
        else
        {
            var completed = await runner.RunAsync(
                priority, cancel => runner.Completion.ChatAsync(chat, _ => { }, cancel), context.Stopping);
            var text = request.IsAnyObject ? AnyObject.Of(completed.Text) : completed.Text;
            await WriteAsync(context, request, answer.Last(completed, text, completed.IsCutOff ? "length" : "stop"));
        }
    }

    /// <summary>Writes one document: as a stream of one line where the client expects a stream.</summary>
    private static async Task WriteAsync(RouteContext context, OllamaRequest request, JsonObject document)
    {
        if (!request.Streams)
        {
            await context.WriteJsonAsync(document);
            return;
        }

        var stream = new StreamResponse(context);
        await stream.BeginLinesAsync();
        await stream.WriteLineAsync(document);
    }

    private JsonObject Details() => new()
    {
        ["parent_model"] = "",
        ["format"] = "onnx",
        ["family"] = "llama",
        ["families"] = runner.Model.HasVision ? new JsonArray("llama", "clip") : new JsonArray("llama"),
        ["parameter_size"] = runner.Model.ParameterSize,
        ["quantization_level"] = runner.Model.Precision,
    };

    private JsonObject Describe() => new()
    {
        ["name"] = runner.Model.Id,
        ["model"] = runner.Model.Id,
        ["modified_at"] = HttpResponses.Timestamp(runner.Model.CreatedAt),
        ["size"] = runner.Model.Bytes,
        ["digest"] = runner.Model.Digest,
        ["details"] = Details(),
    };

    /// <summary>The lines of a stream.</summary>
    private sealed class LineStream(StreamResponse stream, OllamaAnswer answer) : ITextStream
    {
        public Task BeginAsync() => stream.BeginLinesAsync();

        // An empty line would break clients; an empty piece of text does not.
        public Task KeepAliveAsync() => stream.WriteLineAsync(answer.Piece(""));

        public Task WriteAsync(string piece) => stream.WriteLineAsync(answer.Piece(piece));

        public Task EndAsync(CompletedText completed) =>
            stream.WriteLineAsync(answer.Last(completed, "", completed.IsCutOff ? "length" : "stop"));

        // An error line is not shown by all clients; text is.
        public async Task FailAsync(HttpFailureException failure)
        {
            await stream.WriteLineAsync(answer.Last(null, $"\n[{failure.Message}]", "stop"));
            await stream.AbortAsync();
        }
    }
}

/// <summary>Composes the documents of one answer.</summary>
/// <param name="model">The name that the client used.</param>
/// <param name="isChat">The text is in <c>message.content</c>; otherwise in <c>response</c>.</param>
/// <param name="time">Gives the times.</param>
internal sealed class OllamaAnswer(string model, bool isChat, TimeProvider time)
{
    private readonly long _started = time.GetTimestamp();

    /// <summary>A piece of the text.</summary>
    public JsonObject Piece(string text)
    {
        var document = new JsonObject { ["model"] = model, ["created_at"] = HttpResponses.Timestamp(time.GetUtcNow()) };
        if (isChat)
        {
            document["message"] = new JsonObject { ["role"] = "assistant", ["content"] = text };
        }
        else
        {
            document["response"] = text;
        }

        document["done"] = false;
        return document;
    }

    /// <summary>The last document, with the counts and times in nanoseconds.</summary>
    public JsonObject Last(CompletedText? completed, string text, string reason)
    {
        var document = Piece(text);
        document["done"] = true;
        document["done_reason"] = reason;
        if (!isChat)
        {
            document["context"] = new JsonArray();
        }

        document["total_duration"] = Nanoseconds(time.GetElapsedTime(_started));
        document["load_duration"] = 0;
        document["prompt_eval_count"] = completed?.PromptTokens ?? 0;
        document["prompt_eval_duration"] = Nanoseconds((completed?.EncodeTime ?? default) + (completed?.PromptTime ?? default));
        document["eval_count"] = completed?.GeneratedTokens ?? 0;
        document["eval_duration"] = Nanoseconds(completed?.GenerateTime ?? default);
        return document;
    }

    private static long Nanoseconds(TimeSpan time) => time.Ticks * TimeSpan.NanosecondsPerTick;
}
