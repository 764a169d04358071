using System.ClientModel;
using System.ClientModel.Primitives;
using System.Text.Json;
using OpenAI;
using OpenAI.Chat;

namespace MobileVlm.Edge.EndToEnd.Tests.Http.Clients;

/// <summary>The official OpenAI SDK for .NET against the service.</summary>
[Collection(ClientTests.Name)]
public sealed class OpenAiSdkTests(ClientService service)
{
    [Fact]
    public async Task The_model_is_listed_and_found_with_a_token_that_may_read()
    {
        var models = Client(ClientService.ReadToken).GetOpenAIModelClient();

        var listed = Assert.Single((await models.GetModelsAsync()).Value);

        Assert.Equal(service.Model, listed.Id);
        Assert.Equal(listed.CreatedAt, (await models.GetModelAsync(service.Model + ":latest")).Value.CreatedAt);
    }

    [Fact]
    public async Task A_question_about_a_picture_is_answered_in_one_piece_and_as_a_stream()
    {
        ChatMessage[] messages = [Ask(ClientService.DescribeQuestion)];

        var whole = (await Chat().CompleteChatAsync(messages)).Value;
        Assert.Equal(ClientService.Description, whole.Content[0].Text);
        Assert.Equal((ChatFinishReason.Stop, ChatMessageRole.Assistant, service.Model), (whole.FinishReason, whole.Role, whole.Model));

        // The counts tell what the picture cost.
        var textOnly = (await Chat().CompleteChatAsync(new UserChatMessage(ClientService.DescribeQuestion))).Value;
        Assert.True(whole.Usage.InputTokenCount > textOnly.Usage.InputTokenCount);
        Assert.Equal(whole.Usage.TotalTokenCount, whole.Usage.InputTokenCount + whole.Usage.OutputTokenCount);

        var updates = new List<StreamingChatCompletionUpdate>();
        await foreach (var update in Chat().CompleteChatStreamingAsync(messages))
        {
            updates.Add(update);
        }

        Assert.Equal(whole.Content[0].Text, string.Concat(updates.SelectMany(update => update.ContentUpdate).Select(part => part.Text)));
        Assert.True(updates.Count(update => update.ContentUpdate.Count > 0) > 2, "The text came in one piece.");
        Assert.Equal(ChatFinishReason.Stop, Assert.Single(updates, update => update.FinishReason is not null).FinishReason);
        Assert.Equal(whole.Usage.OutputTokenCount, updates[^1].Usage.OutputTokenCount);
        Assert.Single(updates.Select(update => (update.CompletionId, update.CreatedAt)).Distinct());
    }

    [Fact]
    public async Task A_schema_is_filled_and_a_forced_tool_is_called_with_the_same_values()
    {
        var schema = BinaryData.FromString(ClientService.Schema);

        var structured = (await Chat().CompleteChatAsync(
            [Ask("What is there?")],
            new ChatCompletionOptions { ResponseFormat = ChatResponseFormat.CreateJsonSchemaFormat("scene", schema, jsonSchemaIsStrict: true) })).Value;
        Assert.Equal(ClientService.Filled, structured.Content[0].Text);

        var forced = (await Chat().CompleteChatAsync(
            [Ask("What is there?")],
            new ChatCompletionOptions
            {
                Tools = { ChatTool.CreateFunctionTool("scene", "What is in the picture.", schema) },
                ToolChoice = ChatToolChoice.CreateFunctionChoice("scene"),
            })).Value;
        Assert.Equal(ChatFinishReason.ToolCalls, forced.FinishReason);
        var call = Assert.Single(forced.ToolCalls);
        Assert.Equal(("scene", ClientService.Filled), (call.FunctionName, call.FunctionArguments.ToString()));
    }

    [Fact]
    public async Task Limits_are_kept_and_log_probabilities_can_be_read()
    {
        var answer = (await Chat().CompleteChatAsync(
            [Ask(ClientService.DescribeQuestion)],
            new ChatCompletionOptions { MaxOutputTokenCount = 3, Temperature = 0, IncludeLogProbabilities = true, TopLogProbabilityCount = 2 })).Value;

        Assert.Equal((ChatFinishReason.Length, 3), (answer.FinishReason, answer.Usage.OutputTokenCount));
        Assert.Equal(3, answer.ContentTokenLogProbabilities.Count);
        Assert.All(answer.ContentTokenLogProbabilities, token =>
        {
            Assert.InRange(token.LogProbability, -9999, 0);
            Assert.Equal(2, token.TopLogProbabilities.Count);

            // The most likely token is the one that was taken at temperature 0.
            Assert.Equal(token.LogProbability, token.TopLogProbabilities.Max(top => top.LogProbability));
        });
    }

    [Fact]
    public async Task Refusals_reach_the_user_with_their_status_and_words()
    {
        await RefusedAsync(401, "token", () => Chat(ClientService.WrongToken).CompleteChatAsync(new UserChatMessage("Hi")));
        await RefusedAsync(403, "read", () => Chat(ClientService.ReadToken).CompleteChatAsync(new UserChatMessage("Hi")));
        await RefusedAsync(404, service.Model, () => Client().GetChatClient("gpt-4o").CompleteChatAsync(new UserChatMessage("Hi")));
        await RefusedAsync(400, "fetches no pictures", () => Chat().CompleteChatAsync(new UserChatMessage(
            ChatMessageContentPart.CreateImagePart(new Uri("https://example.com/gate.jpg")))));
        await RefusedAsync(400, "tokens", () => Chat().CompleteChatAsync(new UserChatMessage(string.Join(' ', Enumerable.Repeat("person", 3000)))));
        await RefusedAsync(400, "pattern", () => Chat().CompleteChatAsync(
            [new UserChatMessage("Hi")],
            new ChatCompletionOptions
            {
                ResponseFormat = ChatResponseFormat.CreateJsonSchemaFormat(
                    "s", BinaryData.FromString("""{"type":"object","properties":{"a":{"type":"string","pattern":"^a"}}}""")),
            }));
    }

    [Fact]
    public async Task Old_turns_are_dropped_until_the_question_fits()
    {
        var words = string.Join(' ', Enumerable.Repeat("person", 150));
        var turns = Enumerable.Range(0, 40).SelectMany(_ => new ChatMessage[] { new UserChatMessage(words), new AssistantChatMessage("Yes") });

        var answer = (await Chat().CompleteChatAsync([.. turns, Ask(ClientService.PersonQuestion)])).Value;

        Assert.Equal(ChatFinishReason.Stop, answer.FinishReason);
        Assert.True(answer.Usage.InputTokenCount < 40 * 150, "No turn was dropped.");
    }

    [Fact]
    public async Task A_stream_that_its_reader_leaves_does_not_hold_the_next_question_up()
    {
        using var leaves = new CancellationTokenSource();

        // So hot, the model writes words at random and hardly ever ends: the text is longer than what is read at once.
        var hot = new ChatCompletionOptions { Temperature = 100, MaxOutputTokenCount = 900 };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var update in Chat().CompleteChatStreamingAsync([Ask(ClientService.DescribeQuestion)], hot, leaves.Token))
            {
                await leaves.CancelAsync();
            }
        });

        Assert.Equal(ClientService.PersonAnswer, (await Chat().CompleteChatAsync(Ask(ClientService.PersonQuestion))).Value.Content[0].Text);
    }

    private static UserChatMessage Ask(string question) => new(
        ChatMessageContentPart.CreateTextPart(question),
        ChatMessageContentPart.CreateImagePart(BinaryData.FromBytes(ClientService.Picture), "image/jpeg", ChatImageDetailLevel.Low));

    private static async Task RefusedAsync(int status, string words, Func<Task> ask)
    {
        var refused = await Assert.ThrowsAsync<ClientResultException>(ask);
        Assert.Equal(status, refused.Status);
        Assert.Contains(words, refused.Message, StringComparison.Ordinal);
        using var body = JsonDocument.Parse(refused.GetRawResponse()!.Content);
        Assert.Equal(JsonValueKind.Object, body.RootElement.GetProperty("error").ValueKind);
    }

    private ChatClient Chat(string token = ClientService.FullToken) => Client(token).GetChatClient(service.Model);

    private OpenAIClient Client(string token = ClientService.FullToken) => new(
        new ApiKeyCredential(token),
        new OpenAIClientOptions { Endpoint = new Uri(service.Address, "v1"), RetryPolicy = new ClientRetryPolicy(0) });
}
