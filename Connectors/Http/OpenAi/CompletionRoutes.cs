using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using MobileVlm.Edge.Connectors.Http.Completions;
using MobileVlm.Edge.Connectors.Http.Server;

namespace MobileVlm.Edge.Connectors.Http.OpenAi;

/// <summary><c>/v1/completions</c>: continues texts or token ids, several at once, with the probabilities of the tokens as
/// evaluation tools read them.</summary>
internal sealed class CompletionRoutes(CompletionRunner runner, RequestBody bodies)
{
    private const int MaxPrompts = 512;
    private const int MaxTop = 5;

    /// <summary>Answers one request.</summary>
    public async Task HandleAsync(RouteContext context)
    {
        var request = await bodies.ReadJsonAsync(context, Read);
        var answer = new CompletionAnswer(runner, runner.Time.GetUtcNow());
        if (!request.Streams)
        {
            var priority = RequestPriority.Background;
            var completed = await runner.RunAsync(priority, cancel => CompleteAllAsync(request, cancel), context.Stopping);
            await context.WriteJsonAsync(answer.Whole(request, completed));
            return;
        }

        if (request.Prompts is not [var only])
        {
            throw HttpFailureException.Invalid("prompt", "a stream continues one prompt; send several without 'stream'");
        }

        await runner.StreamAsync(
            RequestPriority.Interactive,
            (onText, cancel) => runner.Completion.CompleteAsync(request.ToCompletion(only), onText, cancel),
            new TextStream(new StreamResponse(context), answer, request, only),
            context.Stopping);
    }

    private async Task<IReadOnlyList<CompletedText>> CompleteAllAsync(TextRequest request, CancellationToken cancel)
    {
        var completed = new List<CompletedText>();
        foreach (var prompt in request.Prompts)
        {
            completed.Add(await runner.Completion.CompleteAsync(request.ToCompletion(prompt), _ => { }, cancel));
        }

        return completed;
    }

    private TextRequest Read(JsonElement body)
    {
        runner.CheckModel(body.Text("model"));
        if (body.Whole("n", 0, 1000) is > 1 || body.Whole("best_of", 0, 1000) is > 1)
        {
            throw HttpFailureException.Invalid("n", "'n' or 'best_of' is above 1; this server gives one answer for each prompt");
        }

        var prompts = ReadPrompts(body);
        var model = runner.Model;
        foreach (var prompt in prompts)
        {
            var length = prompt.Ids.Count + (prompt.IsBeginHidden ? 1 : 0);
            if (length == 0)
            {
                throw HttpFailureException.Invalid("prompt", "a prompt is empty");
            }

            if (length > model.ContextTokens)
            {
                throw HttpFailureException.TooLong(string.Create(
                    CultureInfo.InvariantCulture, $"a prompt has {length} tokens, the context {model.ContextTokens}; Model:ContextTokens sets that"));
            }
        }

        return new TextRequest(
            prompts,
            ChatCompletionRequest.ReadSampling(body) with { TopLogProbabilities = ReadTop(body) },
            body.Flag("echo") == true,
            body.Flag("stream") == true,
            body.Get("stream_options")?.Flag("include_usage") == true);
    }

    // Some clients send true.
    private static int? ReadTop(JsonElement body) =>
        body.Get("logprobs") is { ValueKind: JsonValueKind.True or JsonValueKind.False } flag
            ? (flag.ValueKind == JsonValueKind.True ? 1 : null)
            : body.Whole("logprobs", 0, MaxTop);

    private IReadOnlyList<TextPrompt> ReadPrompts(JsonElement body)
    {
        if (body.Get("prompt") is not { } prompt)
        {
            throw HttpFailureException.Invalid("prompt", "'prompt' is missing");
        }

        if (prompt.ValueKind == JsonValueKind.String)
        {
            return [OfText(prompt.GetString()!)];
        }

        if (prompt.ValueKind != JsonValueKind.Array || prompt.GetArrayLength() is 0)
        {
            throw HttpFailureException.Invalid("prompt", "'prompt' is neither a text nor a list of texts or token ids");
        }

        if (prompt[0].ValueKind == JsonValueKind.Number)
        {
            return [OfIds(prompt)];
        }

        return prompt.GetArrayLength() <= MaxPrompts
            ? [.. prompt.EnumerateArray().Select(item => item.ValueKind == JsonValueKind.String ? OfText(item.GetString()!) : OfIds(item))]
            : throw HttpFailureException.Invalid("prompt", string.Create(CultureInfo.InvariantCulture, $"'prompt' holds more than {MaxPrompts} prompts"));
    }

    // A begin token that is written in the text is the client's own and counts; otherwise one is put before it and not reported.
    private TextPrompt OfText(string text)
    {
        var ids = runner.Completion.Tokenize(text);
        return new TextPrompt(ids, IsBeginHidden: ids.Count == 0 || ids[0] != runner.Model.BeginId);
    }

    private TextPrompt OfIds(JsonElement list)
    {
        if (list.ValueKind != JsonValueKind.Array)
        {
            throw HttpFailureException.Invalid("prompt", "'prompt' holds something that is neither a text nor a list of token ids");
        }

        return new TextPrompt(ReadIds(list, runner.Model, "prompt"), IsBeginHidden: false);
    }

    /// <summary>Reads token ids.</summary>
    /// <exception cref="HttpFailureException">One of them is not a token of the model.</exception>
    internal static IReadOnlyList<int> ReadIds(JsonElement list, ModelDescription model, string parameter) =>
    [
        .. list.EnumerateArray().Select(item =>
            item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out var id) && id >= 0 && id < model.VocabularySize
                ? id
                : throw HttpFailureException.Invalid(parameter, string.Create(
                    CultureInfo.InvariantCulture, $"'{parameter}' holds something that is not a token id from 0 to {model.VocabularySize - 1}"))),
    ];

    private sealed class TextStream(StreamResponse stream, CompletionAnswer answer, TextRequest request, TextPrompt prompt) : ITextStream
    {
        public async Task BeginAsync()
        {
            await stream.BeginEventsAsync();
            if (request.Echoes)
            {
                await stream.WriteDataAsync(answer.Chunk(answer.TextOf(prompt), null));
            }
        }

        public Task KeepAliveAsync() => stream.WriteCommentAsync();

        public Task WriteAsync(string piece) => stream.WriteDataAsync(answer.Chunk(piece, null));

        public async Task EndAsync(CompletedText completed)
        {
            await stream.WriteDataAsync(answer.Chunk("", completed.IsCutOff ? "length" : "stop"));
            if (request.IncludesUsage)
            {
                await stream.WriteDataAsync(answer.UsageChunk(completed));
            }

            await stream.WriteDataAsync("[DONE]");
        }

        public Task FailAsync(HttpFailureException failure) => stream.FailEventsAsync(failure);
    }
}

/// <summary>A prompt.</summary>
/// <param name="Ids">The tokens that the client knows of.</param>
/// <param name="IsBeginHidden">The model gets a begin token before them.</param>
internal sealed record TextPrompt(IReadOnlyList<int> Ids, bool IsBeginHidden);

/// <summary>The body of <c>/v1/completions</c>.</summary>
internal sealed record TextRequest(
    IReadOnlyList<TextPrompt> Prompts, SamplingSettings Sampling, bool Echoes, bool Streams, bool IncludesUsage)
{
    /// <summary>The limit of tokens where a request has none.</summary>
    private const int DefaultMaxTokens = 128;

    public CompletionRequest ToCompletion(TextPrompt prompt) => new(
        prompt.Ids,
        prompt.IsBeginHidden,
        Echoes && Sampling.TopLogProbabilities is not null,
        Sampling with { MaxTokens = Sampling.MaxTokens ?? DefaultMaxTokens });
}

/// <summary>Composes the documents of one completion.</summary>
internal sealed class CompletionAnswer(CompletionRunner runner, DateTimeOffset now)
{
    private readonly string _id = $"cmpl-{Guid.NewGuid():N}";
    private readonly long _created = now.ToUnixTimeSeconds();

    /// <summary>The text of a prompt.</summary>
    public string TextOf(TextPrompt prompt) => runner.Completion.Detokenize(prompt.Ids);

    /// <summary>All answers.</summary>
    public JsonObject Whole(TextRequest request, IReadOnlyList<CompletedText> completed)
    {
        var document = Document([.. completed.Select((text, i) => new JsonObject
        {
            ["index"] = i,
            ["text"] = (request.Echoes ? TextOf(request.Prompts[i]) : "") + text.Text,
            ["logprobs"] = request.Sampling.TopLogProbabilities is null ? null : LogProbabilities([.. text.Prompt, .. text.Generated]),
            ["finish_reason"] = text.IsCutOff ? "length" : "stop",
        })]);
        document["usage"] = Usage(completed.Sum(text => text.PromptTokens), completed.Sum(text => text.GeneratedTokens));
        return document;
    }

    /// <summary>One chunk of a stream.</summary>
    public JsonObject Chunk(string text, string? finish) =>
        Document([new JsonObject { ["index"] = 0, ["text"] = text, ["logprobs"] = null, ["finish_reason"] = finish }]);

    /// <summary>The last chunk of a stream, with the counts of tokens.</summary>
    public JsonObject UsageChunk(CompletedText completed)
    {
        var document = Document([]);
        document["usage"] = Usage(completed.PromptTokens, completed.GeneratedTokens);
        return document;
    }

    private static JsonObject Usage(int prompt, int generated) => new()
    {
        ["prompt_tokens"] = prompt,
        ["completion_tokens"] = generated,
        ["total_tokens"] = prompt + generated,
    };

    private JsonObject Document(JsonNode[] choices) => new()
    {
        ["id"] = _id,
        ["object"] = "text_completion",
        ["created"] = _created,
        ["model"] = runner.Model.Id,
        ["choices"] = new JsonArray(choices),
    };

    private JsonObject LogProbabilities(IReadOnlyList<TokenProbability> tokens)
    {
        var offset = 0;
        var (texts, values, tops, offsets) = (new JsonArray(), new JsonArray(), new JsonArray(), new JsonArray());
        foreach (var token in tokens)
        {
            var text = runner.Completion.TokenText(token.Id);
            texts.Add(text);
            values.Add(token.LogProbability is { } value ? JsonValue.Create(value) : null);
            tops.Add(token.LogProbability is null ? null : Top(token));
            offsets.Add(offset);
            offset += text.Length;
        }

        return new JsonObject { ["tokens"] = texts, ["token_logprobs"] = values, ["top_logprobs"] = tops, ["text_offset"] = offsets };
    }

    /// <summary>The most likely tokens by their text. Two tokens of the same text do not overwrite each other: a client compares
    /// the token's own value with the largest of these.</summary>
    private JsonObject Top(TokenProbability token)
    {
        var map = new JsonObject();
        foreach (var (id, value) in token.Top)
        {
            var text = runner.Completion.TokenText(id);
            map[map.ContainsKey(text) ? string.Create(CultureInfo.InvariantCulture, $"token_id:{id}") : text] = value;
        }

        return map;
    }
}
