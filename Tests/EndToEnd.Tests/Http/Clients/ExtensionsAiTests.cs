using System.ClientModel;
using System.Text.Json;
using Microsoft.Extensions.AI;
using OllamaSharp;
using OpenAI;

namespace MobileVlm.Edge.EndToEnd.Tests.Http.Clients;

/// <summary>Microsoft.Extensions.AI against the service, over the OpenAI SDK and over OllamaSharp.</summary>
[Collection(ClientTests.Name)]
public sealed class ExtensionsAiTests(ClientService service)
{
    [Theory]
    [InlineData("openai")]
    [InlineData("ollama")]
    public async Task A_question_about_a_picture_is_answered_in_one_piece_and_as_a_stream(string api)
    {
        using var client = Client(api);
        var whole = await client.GetResponseAsync([Ask(ClientService.DescribeQuestion)]);
        Assert.Equal(ClientService.Description, whole.Text);
        Assert.Equal(ChatFinishReason.Stop, whole.FinishReason);
        Assert.True(whole.Usage!.InputTokenCount > 0 && whole.Usage.OutputTokenCount > 0);

        var streamed = new List<ChatResponseUpdate>();
        await foreach (var update in client.GetStreamingResponseAsync([Ask(ClientService.DescribeQuestion)]))
        {
            streamed.Add(update);
        }

        Assert.Equal(ClientService.Description, streamed.ToChatResponse().Text);
        Assert.True(streamed.Count(update => update.Text.Length > 0) > 2, "The text came in one piece.");
    }

    [Theory]
    [InlineData("openai")]
    [InlineData("ollama")]
    public async Task A_schema_is_filled(string api)
    {
        using var client = Client(api);
        var answer = await client.GetResponseAsync(
            [Ask("What is there?")],
            new ChatOptions { ResponseFormat = ChatResponseFormat.ForJsonSchema(JsonDocument.Parse(ClientService.Schema).RootElement, "scene") });
        Assert.Equal(ClientService.Filled, answer.Text);
    }

    [Fact]
    public async Task A_required_function_is_called()
    {
        using var client = Client("openai");
        var scene = AIFunctionFactory.CreateDeclaration("scene", "What is in the picture.", JsonDocument.Parse(ClientService.Schema).RootElement);
        var answer = await client.GetResponseAsync(
            [Ask("What is there?")], new ChatOptions { Tools = [scene], ToolMode = ChatToolMode.RequireSpecific("scene") });
        var call = Assert.Single(answer.Messages.SelectMany(message => message.Contents).OfType<FunctionCallContent>());
        Assert.Equal("It is night.", call.Arguments!["light"]!.ToString());
    }

    private static ChatMessage Ask(string question) =>
        new(ChatRole.User, [new TextContent(question), new DataContent(ClientService.Picture, "image/jpeg")]);

    private IChatClient Client(string api)
    {
        if (api == "openai")
        {
            return new OpenAIClient(new ApiKeyCredential(ClientService.FullToken), new OpenAIClientOptions { Endpoint = new Uri(service.Address, "v1") })
                .GetChatClient(service.Model).AsIChatClient();
        }

        var http = new HttpClient { BaseAddress = service.Address };
        http.DefaultRequestHeaders.Authorization = new("Bearer", ClientService.FullToken);
        return new OllamaApiClient(http, service.Model);
    }
}
