using System.Net;
using System.Text.Json;
using OllamaSharp;
using OllamaSharp.Models;
using OllamaSharp.Models.Chat;
using OllamaSharp.Models.Exceptions;

namespace MobileVlm.Edge.EndToEnd.Tests.Http.Clients;

/// <summary>OllamaSharp against the service.</summary>
[Collection(ClientTests.Name)]
public sealed class OllamaSharpTests(ClientService service)
{
    private static readonly string[] Pictures = [Convert.ToBase64String(ClientService.Picture)];

    [Fact]
    public async Task The_model_is_listed_running_shown_and_pulled()
    {
        using var reader = Client(ClientService.ReadToken);
        Assert.True(await reader.IsRunningAsync());
        Assert.NotEmpty(await reader.GetVersionAsync());
        var listed = Assert.Single(await reader.ListLocalModelsAsync());
        Assert.Equal(service.Model, listed.Name);
        Assert.True(listed.Size > 0);
        Assert.Equal(service.Model, Assert.Single(await reader.ListRunningModelsAsync()).Name);
        var shown = await reader.ShowModelAsync(new ShowModelRequest { Model = service.Model });
        Assert.Equal("llama", shown.Info.Architecture);
        Assert.Contains("vision", shown.Capabilities!);

        using var owner = Client();
        Assert.Equal("success", (await ListAsync(owner.PullModelAsync(new PullModelRequest { Model = service.Model })))[^1]!.Status);
    }

    [Fact]
    public async Task A_question_about_a_picture_is_streamed_by_chat_and_by_generate()
    {
        using var client = Client();
        var chat = await ListAsync(client.ChatAsync(new ChatRequest
        {
            Model = service.Model,
            Messages = [new Message(ChatRole.System, "Be brief."), new Message(ChatRole.User, ClientService.DescribeQuestion, Pictures)],
        }));
        Assert.Equal(ClientService.Description, string.Concat(chat.Select(line => line!.Message.Content)));
        Assert.All(chat, line => Assert.Equal(ChatRole.Assistant, line!.Message.Role));
        var done = Assert.IsType<ChatDoneResponseStream>(chat[^1]);
        Assert.True(done.EvalCount > 0 && done.PromptEvalCount > 0 && done.TotalDuration > 0);

        var text = await ListAsync(client.GenerateAsync(new GenerateRequest { Model = service.Model, Prompt = ClientService.DescribeQuestion, Images = Pictures }));
        Assert.Equal(ClientService.Description, string.Concat(text.Select(line => line!.Response)));
        Assert.True(text[^1]!.Done);

        var whole = Assert.Single(await ListAsync(client.ChatAsync(new ChatRequest
        {
            Model = service.Model,
            Stream = false,
            Messages = [new Message(ChatRole.User, ClientService.PersonQuestion, Pictures)],
        })));
        Assert.Equal((true, ClientService.PersonAnswer), (whole!.Done, whole.Message.Content));
    }

    [Fact]
    public async Task A_schema_in_format_is_filled()
    {
        using var client = Client();
        var answer = await ListAsync(client.ChatAsync(new ChatRequest
        {
            Model = service.Model,
            Format = JsonDocument.Parse(ClientService.Schema).RootElement,
            Options = new RequestOptions { Temperature = 0, NumCtx = 8192, NumPredict = 3000 },
            KeepAlive = "-1s",
            Messages = [new Message(ChatRole.User, "What is there?", Pictures)],
        }));
        Assert.Equal(ClientService.Filled, string.Concat(answer.Select(line => line!.Message.Content)));
    }

    [Fact]
    public async Task Refusals_reach_the_user_with_their_words()
    {
        using var statuses = new StatusRecorder();
        using var stranger = Client(ClientService.WrongToken, statuses);
        using var reader = Client(ClientService.ReadToken, statuses);
        using var owner = Client(ClientService.FullToken, statuses);
        await RefusedAsync(HttpStatusCode.Unauthorized, "token", () => stranger.ListLocalModelsAsync());
        await RefusedAsync(HttpStatusCode.Forbidden, "read", () => ListAsync(reader.GenerateAsync(new GenerateRequest { Model = service.Model, Prompt = "Hi" })));
        await RefusedAsync(HttpStatusCode.NotFound, service.Model, () => ListAsync(owner.GenerateAsync(new GenerateRequest { Model = "llava", Prompt = "Hi" })));
        await RefusedAsync(HttpStatusCode.NotFound, service.Model, () => ListAsync(owner.PullModelAsync(new PullModelRequest { Model = "llava" })));
        await RefusedAsync(HttpStatusCode.NotFound, "embeddings", () => owner.EmbedAsync("Hi"));

        // The server's words must be in the exception: where the error were an object, this client would show JSON.
        async Task RefusedAsync(HttpStatusCode status, string words, Func<Task> ask)
        {
            statuses.Last = null;
            var refused = await Assert.ThrowsAnyAsync<Exception>(ask);
            Assert.Equal(status, statuses.Last);
            Assert.True(refused is OllamaException or HttpRequestException, refused.ToString());
            if (refused is OllamaException)
            {
                Assert.Contains(words, refused.Message, StringComparison.Ordinal);
                Assert.DoesNotContain("{", refused.Message, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public async Task A_stream_that_its_reader_leaves_does_not_hold_the_next_question_up()
    {
        using var client = Client();
        using var leaves = new CancellationTokenSource();
        var read = new List<GenerateResponseStream?>();
        await foreach (var line in client.GenerateAsync(
            new GenerateRequest
            {
                Model = service.Model,
                Prompt = ClientService.DescribeQuestion,
                Images = Pictures,

                // So hot, the model writes words at random and hardly ever ends: the text is longer than what is read at once.
                Options = new RequestOptions { Temperature = 100, Seed = 1, NumPredict = 900 },
            },
            leaves.Token))
        {
            read.Add(line);
            await leaves.CancelAsync();
        }

        // This client ends the loop; it does not throw.
        Assert.False(Assert.Single(read)!.Done);

        var next = await ListAsync(client.GenerateAsync(new GenerateRequest { Model = service.Model, Prompt = ClientService.PersonQuestion, Images = Pictures }));
        Assert.Equal(ClientService.PersonAnswer, string.Concat(next.Select(line => line!.Response)));
    }

    private static async Task<List<T>> ListAsync<T>(IAsyncEnumerable<T> lines)
    {
        var list = new List<T>();
        await foreach (var line in lines)
        {
            list.Add(line);
        }

        return list;
    }

    private OllamaApiClient Client(string token = ClientService.FullToken, StatusRecorder? statuses = null)
    {
        var http = new HttpClient(statuses ?? new StatusRecorder(), disposeHandler: statuses is null) { BaseAddress = service.Address };
        http.DefaultRequestHeaders.Authorization = new("Bearer", token);
        return new OllamaApiClient(http, service.Model);
    }

    /// <summary>Keeps the status of the last response, which not every exception of the client has.</summary>
    private sealed class StatusRecorder() : DelegatingHandler(new SocketsHttpHandler())
    {
        public HttpStatusCode? Last { get; set; }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var response = await base.SendAsync(request, cancellationToken);
            Last = response.StatusCode;
            return response;
        }
    }
}
