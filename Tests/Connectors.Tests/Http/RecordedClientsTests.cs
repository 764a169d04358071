using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace MobileVlm.Edge.Connectors.Tests.Http;

/// <summary>Requests of real clients, recorded: Home Assistant, LLM Vision, Frigate, Open WebUI, lm-eval, and the SDKs of OpenAI and
/// Ollama. Each is sent again with a picture put in, and its answer must have what that kind of client reads. A line's
/// <c>expect</c> is the status where it is not 200.</summary>
public sealed class RecordedClientsTests
{
    private static readonly string File = Path.Combine(AppContext.BaseDirectory, "fixtures", "http-clients.jsonl");

    [Fact]
    public async Task Each_recorded_request_is_answered_as_its_client_needs()
    {
        await using var rig = await HttpRig.StartAsync();
        var failures = new List<string>();
        var count = 0;
        foreach (var line in await System.IO.File.ReadAllLinesAsync(File))
        {
            var recorded = JsonNode.Parse(line)!.AsObject();
            count++;
            if (await TryAsync(rig, recorded) is { } failure)
            {
                failures.Add($"{recorded["from"]} {recorded["client"]} {recorded["method"]} {recorded["path"]}: {failure}");
            }
        }

        Assert.True(count > 350, $"Only {count} requests are recorded.");
        Assert.True(failures.Count == 0, string.Join('\n', failures));
    }

    /// <returns>What is wrong with the answer; null if nothing is.</returns>
    private static async Task<string?> TryAsync(HttpRig rig, JsonObject recorded)
    {
        var body = recorded["body"]?.ToJsonString().Replace("PICTURE", HttpRig.Picture, StringComparison.Ordinal);
        var path = (string)recorded["path"]!;
        var response = await rig.SendAsync(new HttpMethod((string)recorded["method"]!), path, body, change: request =>
        {
            request.RequestUri = new Uri(rig.Server.Address.GetLeftPart(UriPartial.Authority) + path);
            if (request.Content is { } content)
            {
                content.Headers.ContentType = recorded["type"] is { } type ? new((string)type!) : null;
            }
        });
        var expected = (int?)recorded["expect"] ?? 200;
        if ((int)response.Status != expected)
        {
            return $"status {(int)response.Status}, expected {expected}: {response.Body[..Math.Min(response.Body.Length, 200)]}";
        }

        var plain = path.Split('?')[0].TrimEnd('/');
        var isOllama = plain.StartsWith("/api/", StringComparison.Ordinal) && plain != "/api/chat/completions";
        if (expected >= 400)
        {
            var error = response.Json.GetProperty("error");
            return error.ValueKind == (isOllama ? JsonValueKind.String : JsonValueKind.Object) ? null : "the error has the wrong form";
        }

        var streams = recorded["body"]?["stream"] is JsonValue value && value.TryGetValue<bool>(out var asked) ? asked : (bool?)null;
        return plain switch
        {
            _ when plain.EndsWith("/chat/completions", StringComparison.Ordinal) => streams == true ? Events(response, "chat.completion.chunk") : Chat(response),
            _ when plain.EndsWith("/completions", StringComparison.Ordinal) => streams == true ? Events(response, "text_completion") : Completion(response, recorded["body"]!),
            "/api/chat" => streams == false ? Line(response.Json, "message") : Lines(response, "message"),
            "/api/generate" => streams == false ? Line(response.Json, "response") : Lines(response, "response"),
            "/api/pull" => response.Lines[^1].GetProperty("status").GetString() == "success" ? null : "no success",
            _ => null,
        };
    }

    private static string? Chat(Response response)
    {
        var answer = response.Json;
        var choice = answer.GetProperty("choices")[0];
        var message = choice.GetProperty("message");
        return answer.GetProperty("object").GetString() != "chat.completion" ? "not a chat.completion"
            : !answer.GetProperty("created").TryGetInt64(out _) ? "no time"
            : answer.GetProperty("usage").GetProperty("prompt_tokens").GetInt32() < 0 ? "no counts"
            : choice.GetProperty("finish_reason").GetString() is not ("stop" or "length" or "tool_calls") ? "a wrong finish_reason"
            : message.GetProperty("role").GetString() != "assistant" ? "no role"
            : message.GetProperty("content").ValueKind != JsonValueKind.String && !message.TryGetProperty("tool_calls", out _) ? "no content"
            : null;
    }

    private static string? Completion(Response response, JsonNode body)
    {
        var choices = response.Json.GetProperty("choices").EnumerateArray().ToList();
        var prompts = body["prompt"] is JsonArray { Count: > 0 } list && list[0] is not JsonValue { } ? list.Count
            : body["prompt"] is JsonArray texts && texts[0]!.GetValueKind() == JsonValueKind.String ? texts.Count : 1;
        if (choices.Count != prompts || !choices.Select((choice, i) => choice.GetProperty("index").GetInt32() == i).All(isSo => isSo))
        {
            return $"{choices.Count} choices for {prompts} prompts";
        }

        var scores = (bool?)body["echo"] == true && body["logprobs"] is not null;
        return choices.All(choice => choice.GetProperty("text").ValueKind == JsonValueKind.String)
            && (!scores || choices.All(choice => choice.GetProperty("logprobs").GetProperty("token_logprobs").GetArrayLength() > 1))
                ? null
                : "no text or no log-probabilities";
    }

    private static string? Events(Response response, string kind)
    {
        if (response.Type != "text/event-stream" || response.Data[^1] != "[DONE]")
        {
            return "not a finished stream of events";
        }

        return response.Data.SkipLast(1).All(data => JsonDocument.Parse(data).RootElement.GetProperty("object").GetString() == kind) ? null : $"a chunk is not a {kind}";
    }

    private static string? Lines(Response response, string member)
    {
        if (response.Body.Contains("\n\n", StringComparison.Ordinal) || Encoding.UTF8.GetByteCount(response.Body) != response.Body.Length)
        {
            return "an empty line, or a character that is not ASCII";
        }

        return response.Lines.Select(line => Line(line, member, isLast: false)).FirstOrDefault(wrong => wrong is not null)
            ?? Line(response.Lines[^1], member);
    }

    private static string? Line(JsonElement line, string member, bool isLast = true)
    {
        var text = line.GetProperty(member);
        return member == "message" && text.GetProperty("role").GetString() != "assistant" ? "no role"
            : (member == "message" ? text.GetProperty("content") : text).ValueKind != JsonValueKind.String ? "no text"
            : isLast && !line.GetProperty("done").GetBoolean() ? "not done"
            : isLast && !line.GetProperty("eval_count").TryGetInt64(out _) ? "no counts"
            : null;
    }
}
