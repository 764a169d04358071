using System.Text.Json;
using System.Text.Json.Nodes;
using MobileVlm.Edge.Connectors.Http.Completions;
using MobileVlm.Edge.Connectors.Http.Server;

namespace MobileVlm.Edge.Connectors.Http.OpenAi;

/// <summary>The model and its tokenizer: <c>/v1/models</c>, <c>/props</c>, <c>/tokenize</c>, <c>/detokenize</c>,
/// <c>/tokenizer_info</c>. Answered before the model is loaded.</summary>
internal sealed class ModelRoutes(CompletionRunner runner, RequestBody bodies)
{
    /// <summary>The Vicuna conversation, as templates of tokenizers are written.</summary>
    private const string ChatTemplate =
        "{% if messages[0]['role'] == 'system' %}{{ messages[0]['content'] }}{% set messages = messages[1:] %}{% else %}"
        + "A chat between a curious user and an artificial intelligence assistant. The assistant gives helpful, detailed, and polite answers to the user's questions."
        + "{% endif %}{% for m in messages %}{% if m['role'] == 'user' %}{{ ' USER: ' + m['content'] }}{% else %}{{ ' ASSISTANT: ' + m['content'] + eos_token }}{% endif %}{% endfor %}"
        + "{% if add_generation_prompt %}{{ ' ASSISTANT:' }}{% endif %}";

    /// <summary><c>/v1/models</c>: what texts can be sent to.</summary>
    public Task ListAsync(RouteContext context) => context.WriteJsonAsync(
        new JsonObject { ["object"] = "list", ["data"] = runner.Completion.Refusal is null ? new JsonArray(Describe()) : [] });

    /// <summary><c>/v1/models/{id}</c>.</summary>
    public Task ShowAsync(RouteContext context)
    {
        runner.CheckModel(context.Values[0]);
        return context.WriteJsonAsync(Describe());
    }

    /// <summary><c>/props</c>, as llama.cpp's server has it.</summary>
    public Task PropertiesAsync(RouteContext context) => context.WriteJsonAsync(new JsonObject
    {
        ["default_generation_settings"] = new JsonObject { ["n_ctx"] = runner.Model.ContextTokens },
        ["total_slots"] = 1,
        ["model_alias"] = runner.Model.Id,
        ["modalities"] = new JsonObject { ["vision"] = runner.Model.HasVision, ["audio"] = false },
        ["chat_template"] = ChatTemplate,
        ["bos_token"] = runner.Completion.Detokenize([runner.Model.BeginId]),
        ["eos_token"] = runner.Completion.Detokenize([runner.Model.EndId]),
    });

    /// <summary><c>/tokenizer_info</c>.</summary>
    public Task TokenizerAsync(RouteContext context) => context.WriteJsonAsync(new JsonObject
    {
        ["tokenizer_class"] = "LlamaTokenizer",
        ["bos_token"] = runner.Completion.Detokenize([runner.Model.BeginId]),
        ["eos_token"] = runner.Completion.Detokenize([runner.Model.EndId]),
        ["pad_token"] = null,
        ["model_max_length"] = runner.Model.ContextTokens,
        ["chat_template"] = ChatTemplate,
    });

    /// <summary><c>/tokenize</c>.</summary>
    public async Task TokenizeAsync(RouteContext context)
    {
        var (text, addsBegin) = await bodies.ReadJsonAsync(context, body =>
        {
            var prompt = body.Get("prompt") ?? body.Get("content");
            return prompt is { ValueKind: JsonValueKind.String }
                ? (prompt.Value.GetString()!, body.Flag("add_special_tokens") ?? body.Get("prompt") is not null)
                : throw HttpFailureException.Invalid("prompt", "'prompt' is not a text; apply the chat template in the client, or use its own tokenizer");
        });
        var ids = runner.Completion.Tokenize(text);
        int[] all = addsBegin && (ids.Count == 0 || ids[0] != runner.Model.BeginId) ? [runner.Model.BeginId, .. ids] : [.. ids];
        await context.WriteJsonAsync(new JsonObject
        {
            ["count"] = all.Length,
            ["max_model_len"] = runner.Model.ContextTokens,
            ["tokens"] = new JsonArray([.. all.Select(id => (JsonNode)id)]),
        });
    }

    /// <summary><c>/detokenize</c>.</summary>
    public async Task DetokenizeAsync(RouteContext context)
    {
        var ids = await bodies.ReadJsonAsync(context, body => body.Get("tokens") is { ValueKind: JsonValueKind.Array } list
            ? CompletionRoutes.ReadIds(list, runner.Model, "tokens")
            : throw HttpFailureException.Invalid("tokens", "'tokens' is not a list of token ids"));
        var text = runner.Completion.Detokenize(ids);
        await context.WriteJsonAsync(new JsonObject { ["prompt"] = text, ["content"] = text });
    }

    private JsonObject Describe()
    {
        var model = runner.Model;
        return new JsonObject
        {
            ["id"] = model.Id,
            ["object"] = "model",
            ["created"] = model.CreatedAt.ToUnixTimeSeconds(),
            ["owned_by"] = "mobilevlm",
            ["aliases"] = new JsonArray([.. model.Aliases.Select(alias => (JsonNode)alias)]),
            ["max_model_len"] = model.ContextTokens,
            ["meta"] = new JsonObject { ["n_ctx"] = model.ContextTokens, ["n_vocab"] = model.VocabularySize, ["size"] = model.Bytes },
            ["architecture"] = new JsonObject
            {
                ["input_modalities"] = model.HasVision ? new JsonArray("text", "image") : new JsonArray("text"),
                ["output_modalities"] = new JsonArray("text"),
            },
        };
    }
}
