using System.Text;
using System.Text.Json.Nodes;
using MobileVlm.Edge.Connectors.Http.Completions;
using MobileVlm.Edge.Connectors.Http.Server;

namespace MobileVlm.Edge.Connectors.Http.OpenAi;

/// <summary><c>/v1/chat/completions</c>: conversations, plain, streamed and structured.</summary>
internal sealed class ChatCompletionRoutes(CompletionRunner runner, RequestBody bodies)
{
    /// <summary>Answers one request.</summary>
    public async Task HandleAsync(RouteContext context)
    {
        var (request, chat, leftOut) = await bodies.ReadJsonAsync(context, body =>
        {
            var read = ChatCompletionRequest.Read(body);
            runner.CheckModel(read.Model);
            var conversation = read.Messages.Build(runner.Model, CompletionRunner.SamplingOf(read.Messages, read.Sampling), out var omitted);
            return (read, conversation, omitted);
        });
        if (leftOut is not null)
        {
            context.Http.Response.Headers[ChatMessages.LeftOutHeader] = leftOut;
        }

        var answer = new ChatAnswer(runner.Model, runner.Time.GetUtcNow());
        if (request.Messages.IsChatTask && runner.Settings.ChatTasks == ChatTaskMode.Empty)
        {
            await WriteWholeAsync(context, request, answer, "{}", new CompletedText { Text = "{}", IsCutOff = false, PromptTokens = 0, GeneratedTokens = 1 });
            return;
        }

        var priority = CompletionRunner.PriorityOf(chat, request.Streams);
        if (await runner.TryFillAsync(chat, request.Structure, request.IsAnyObject, priority, context.Stopping) is { } filled)
        {
            await WriteWholeAsync(context, request, answer, filled.Text, filled);
        }
        else if (request.Streams && !request.IsAnyObject)
        {
            await runner.StreamAsync(
                priority,
                (onText, cancel) => runner.Completion.ChatAsync(chat, onText, cancel),
                new ChatStream(new StreamResponse(context), answer, request.IncludesUsage, runner.Completion.TokenText),
                context.Stopping);
        }
        else
        {
            var completed = await runner.RunAsync(
                priority, cancel => runner.Completion.ChatAsync(chat, _ => { }, cancel), context.Stopping);
            await WriteWholeAsync(context, request, answer, request.IsAnyObject ? AnyObject.Of(completed.Text) : completed.Text, completed);
        }
    }

    private async Task WriteWholeAsync(RouteContext context, ChatCompletionRequest request, ChatAnswer answer, string text, CompletedText completed)
    {
        if (!request.Streams)
        {
            await context.WriteJsonAsync(answer.Whole(text, completed, request.Tool, runner.Completion.TokenText));
            return;
        }

        var stream = new StreamResponse(context);
        await stream.BeginEventsAsync();
        foreach (var chunk in answer.Chunks(text, completed, request.Tool, request.IncludesUsage))
        {
            await stream.WriteDataAsync(chunk);
        }

        await stream.WriteDataAsync("[DONE]");
    }

    /// <summary>The chunks of a stream.</summary>
    private sealed class ChatStream(StreamResponse stream, ChatAnswer answer, bool includesUsage, Func<int, string> detokenize) : ITextStream
    {
        public async Task BeginAsync()
        {
            await stream.BeginEventsAsync();
            await stream.WriteDataAsync(answer.Chunk(new JsonObject { ["role"] = "assistant", ["content"] = "" }, null));
        }

        public Task KeepAliveAsync() => stream.WriteCommentAsync();

        public Task WriteAsync(string piece) => stream.WriteDataAsync(answer.Chunk(new JsonObject { ["content"] = piece }, null));

        public async Task EndAsync(CompletedText completed)
        {
            if (completed.Generated.Count > 0)
            {
                var chunk = answer.Chunk(new JsonObject { ["content"] = "" }, null);
                chunk["choices"]![0]!["logprobs"] = ChatAnswer.LogProbabilities(completed, detokenize);
                await stream.WriteDataAsync(chunk);
            }

            await stream.WriteDataAsync(answer.Chunk([], completed.IsCutOff ? "length" : "stop"));
            if (includesUsage)
            {
                await stream.WriteDataAsync(answer.UsageChunk(completed));
            }

            await stream.WriteDataAsync("[DONE]");
        }

        public Task FailAsync(HttpFailureException failure) => stream.FailEventsAsync(failure);
    }
}

/// <summary>Composes the documents of one chat completion; all of them have the same id and time.</summary>
internal sealed class ChatAnswer(ModelDescription model, DateTimeOffset now)
{
    private readonly string _id = $"chatcmpl-{Guid.NewGuid():N}";
    private readonly long _created = now.ToUnixTimeSeconds();

    /// <summary>A whole answer.</summary>
    public JsonObject Whole(string text, CompletedText completed, string? tool, Func<int, string> detokenize)
    {
        var choice = new JsonObject
        {
            ["index"] = 0,
            ["message"] = tool is null
                ? new JsonObject { ["role"] = "assistant", ["content"] = text, ["refusal"] = null }
                : new JsonObject { ["role"] = "assistant", ["content"] = null, ["refusal"] = null, ["tool_calls"] = new JsonArray(ToolCall(tool, text)) },
            ["logprobs"] = completed.Generated.Count > 0 ? LogProbabilities(completed, detokenize) : null,
            ["finish_reason"] = Finish(completed, tool),
        };
        return Document("chat.completion", choice, Usage(completed));
    }

    /// <summary>A whole answer as the chunks of a stream.</summary>
    public IEnumerable<JsonObject> Chunks(string text, CompletedText completed, string? tool, bool includesUsage)
    {
        yield return Chunk(new JsonObject { ["role"] = "assistant", ["content"] = tool is null ? "" : null }, null);
        if (tool is null)
        {
            yield return Chunk(new JsonObject { ["content"] = text }, null);
        }
        else
        {
            var call = ToolCall(tool, text);
            call["index"] = 0;
            yield return Chunk(new JsonObject { ["tool_calls"] = new JsonArray(call) }, null);
        }

        yield return Chunk([], Finish(completed, tool));
        if (includesUsage)
        {
            yield return UsageChunk(completed);
        }
    }

    /// <summary>One chunk of a stream.</summary>
    public JsonObject Chunk(JsonObject delta, string? finish) => Document(
        "chat.completion.chunk", new JsonObject { ["index"] = 0, ["delta"] = delta, ["logprobs"] = null, ["finish_reason"] = finish }, null);

    /// <summary>The last chunk of a stream, with the counts of tokens.</summary>
    public JsonObject UsageChunk(CompletedText completed) => Document("chat.completion.chunk", null, Usage(completed));

    /// <summary>The counts of tokens.</summary>
    public static JsonObject Usage(CompletedText completed) => new()
    {
        ["prompt_tokens"] = completed.PromptTokens,
        ["completion_tokens"] = completed.GeneratedTokens,
        ["total_tokens"] = completed.PromptTokens + completed.GeneratedTokens,
        ["prompt_tokens_details"] = new JsonObject { ["cached_tokens"] = 0, ["audio_tokens"] = 0, ["image_tokens"] = completed.PictureTokens },
    };

    /// <summary>The probabilities of the generated tokens.</summary>
    public static JsonObject LogProbabilities(CompletedText completed, Func<int, string> detokenize) => new()
    {
        ["content"] = new JsonArray([.. completed.Generated.Select(token =>
        {
            var entry = Entry(detokenize(token.Id), token.LogProbability ?? 0);
            entry["top_logprobs"] = new JsonArray([.. token.Top.Select(top => Entry(detokenize(top.Id), top.LogProbability))]);
            return entry;
        })]),
        ["refusal"] = null,
    };

    private static JsonObject Entry(string text, float logProbability) => new()
    {
        ["token"] = text,
        ["logprob"] = logProbability,
        ["bytes"] = new JsonArray([.. Encoding.UTF8.GetBytes(text).Select(value => (JsonNode)value)]),
    };

    private static string Finish(CompletedText completed, string? tool) =>
        tool is not null ? "tool_calls" : completed.IsCutOff ? "length" : "stop";

    private static JsonObject ToolCall(string tool, string arguments) => new()
    {
        ["id"] = $"call_{Guid.NewGuid():N}",
        ["type"] = "function",
        ["function"] = new JsonObject { ["name"] = tool, ["arguments"] = arguments },
    };

    private JsonObject Document(string kind, JsonObject? choice, JsonObject? usage)
    {
        var document = new JsonObject
        {
            ["id"] = _id,
            ["object"] = kind,
            ["created"] = _created,
            ["model"] = model.Id,
            ["choices"] = choice is null ? [] : new JsonArray(choice),
        };
        if (usage is not null)
        {
            document["usage"] = usage;
        }

        return document;
    }
}
