using System.Net;
using System.Text.Json;
using MobileVlm.Edge.Connectors.Http.Completions;
using MobileVlm.Edge.Connectors.Http.Server;
using MobileVlm.Edge.Tests.Shared;

namespace MobileVlm.Edge.Connectors.Tests.Http;

/// <summary>The OpenAI API's chat. Names of rules are those of the pages of recorded clients.</summary>
public sealed class ChatCompletionTests
{
    private const string Path = "/v1/chat/completions";

    private static object Ask(string text, params string[] pictures) => new
    {
        messages = new[] { new { role = "user", content = Parts(text, pictures) } },
    };

    private static object[] Parts(string text, params string[] pictures) =>
    [
        new { type = "text", text },
        .. pictures.Select(picture => (object)new { type = "image_url", image_url = new { url = $"data:image/jpeg;base64,{picture}", detail = "low" } }),
    ];

    [Fact]
    public async Task An_answer_has_every_member_that_a_strict_client_checks()
    {
        await using var rig = await HttpRig.StartAsync();

        var answer = (await rig.PostAsync(Path, Ask("Who?", HttpRig.Picture))).Json;

        Assert.Equal("chat.completion", answer.GetProperty("object").GetString());
        Assert.Equal("mobilevlm-v2-1.7b", answer.GetProperty("model").GetString());
        Assert.True(answer.GetProperty("created").TryGetInt64(out _));
        Assert.NotEmpty(answer.GetProperty("id").GetString()!);
        var choice = Assert.Single(answer.GetProperty("choices").EnumerateArray());
        Assert.Equal(0, choice.GetProperty("index").GetInt32());
        Assert.Equal("assistant", choice.GetProperty("message").GetProperty("role").GetString());
        Assert.Equal("A person stands there.", choice.GetProperty("message").GetProperty("content").GetString());
        Assert.Equal("stop", choice.GetProperty("finish_reason").GetString());
        var usage = answer.GetProperty("usage");
        Assert.Equal(184, usage.GetProperty("prompt_tokens").GetInt32());
        Assert.Equal(144, usage.GetProperty("prompt_tokens_details").GetProperty("image_tokens").GetInt32());
    }

    [Fact]
    public async Task Chunks_come_in_the_order_that_all_clients_accept()
    {
        await using var rig = await HttpRig.StartAsync();

        var response = await rig.PostAsync(Path, """{"stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"Who?"}]}""");

        Assert.Equal("text/event-stream", response.Type);
        Assert.Equal("[DONE]", response.Data[^1]);
        var chunks = response.Data.SkipLast(1).Select(data => JsonDocument.Parse(data).RootElement).ToList();
        Assert.Single(chunks.Select(chunk => (chunk.GetProperty("id").GetString(), chunk.GetProperty("created").GetInt64(), chunk.GetProperty("object").GetString())).Distinct());
        Assert.Equal("""{"role":"assistant","content":""}""", Delta(chunks[0]));
        Assert.Equal("A person stands there.", string.Concat(chunks.Skip(1).SkipLast(2).Select(Content)));
        Assert.All(chunks.SkipLast(2), chunk => Assert.Equal(JsonValueKind.Null, chunk.GetProperty("choices")[0].GetProperty("finish_reason").ValueKind));
        Assert.Equal(("{}", "stop"), (Delta(chunks[^2]), chunks[^2].GetProperty("choices")[0].GetProperty("finish_reason").GetString()));
        Assert.Empty(chunks[^1].GetProperty("choices").EnumerateArray());
        Assert.Equal(3, chunks[^1].GetProperty("usage").GetProperty("completion_tokens").GetInt32());

        static string Delta(JsonElement chunk) => chunk.GetProperty("choices")[0].GetProperty("delta").GetRawText();
        static string Content(JsonElement chunk) => chunk.GetProperty("choices")[0].GetProperty("delta").GetProperty("content").GetString()!;
    }

    [Fact]
    public async Task Usage_is_sent_in_a_stream_only_if_it_is_requested()
    {
        await using var rig = await HttpRig.StartAsync();
        var response = await rig.PostAsync(Path, """{"stream":true,"messages":[{"role":"user","content":"Who?"}]}""");
        Assert.DoesNotContain("usage", response.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_failure_in_the_middle_of_a_stream_is_an_error_event_and_a_cut_connection()
    {
        await using var rig = await HttpRig.StartAsync(new FakeCompletion { Fault = HttpFailureException.Unavailable("the model is opened again", TimeSpan.FromSeconds(1)) });
        using var request = new HttpRequestMessage(HttpMethod.Post, Path)
        {
            Content = new StringContent("""{"stream":true,"messages":[{"role":"user","content":"Who?"}]}"""),
        };
        using var response = await rig.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        var lines = new List<string>();

        await Assert.ThrowsAnyAsync<IOException>(async () =>
        {
            while (await reader.ReadLineAsync() is { } line)
            {
                lines.Add(line);
            }
        });

        Assert.Contains(lines, line => line.StartsWith("data: {\"error\":{\"message\":\"the model is opened again\"", StringComparison.Ordinal));
        Assert.DoesNotContain("data: [DONE]", lines);
    }

    [Fact]
    public async Task A_failure_before_the_first_piece_of_a_stream_is_a_status()
    {
        await using var rig = await HttpRig.StartAsync(new FakeCompletion { Pieces = [], Fault = HttpFailureException.TooLong("prompt 1742 + picture 144 > 1024") });
        var response = await rig.PostAsync(Path, """{"stream":true,"messages":[{"role":"user","content":"Who?"}]}""");
        Assert.Equal((HttpStatusCode.BadRequest, "context_length_exceeded"), (response.Status, response.Json.GetProperty("error").GetProperty("code").GetString()));
    }

    [Theory]
    [InlineData("true")]
    [InlineData("false")]
    public async Task A_client_that_leaves_cancels_its_work(string stream)
    {
        var begun = new TaskCompletionSource();
        var completion = new FakeCompletion
        {
            Step = async cancel =>
            {
                begun.TrySetResult();
                await Task.Delay(Timeout.Infinite, cancel);
            },
        };
        await using var rig = await HttpRig.StartAsync(completion);
        using var leaves = new CancellationTokenSource();
        var asking = rig.Client.PostAsync(
            new Uri(Path, UriKind.Relative), new StringContent($$"""{"stream":{{stream}},"messages":[{"role":"user","content":"x"}]}"""), leaves.Token);
        await begun.Task;

        await leaves.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
        await Eventually.TrueAsync(() => completion.Cancelled == 1, "the work is cancelled");
    }

    [Fact]
    public async Task A_stop_ends_open_streams_at_once()
    {
        var begun = new TaskCompletionSource();
        var rig = await HttpRig.StartAsync(new FakeCompletion
        {
            Step = async cancel =>
            {
                begun.TrySetResult();
                await Task.Delay(Timeout.Infinite, cancel);
            },
        });
        var asking = rig.PostAsync(Path, """{"stream":true,"messages":[{"role":"user","content":"x"}]}""");
        await begun.Task;

        await rig.Server.StopAsync().WaitAsync(Eventually.Patience);

        var response = await asking;
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.Status);
        await rig.DisposeAsync();
    }

    [Fact]
    public async Task A_silent_stream_carries_comments()
    {
        var release = new TaskCompletionSource();
        await using var rig = await HttpRig.StartAsync(
            settings => settings with { PingEvery = TimeSpan.FromMilliseconds(20) },
            new FakeCompletion { Step = _ => release.Task });
        using var request = new HttpRequestMessage(HttpMethod.Post, Path)
        {
            Content = new StringContent("""{"stream":true,"messages":[{"role":"user","content":"x"}]}"""),
        };
        using var response = await rig.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        for (var line = ""; !line.StartsWith(": ", StringComparison.Ordinal);)
        {
            line = await reader.ReadLineAsync() ?? throw new EndOfStreamException();
        }

        release.SetResult();
        Assert.EndsWith("data: [DONE]\n\n", await reader.ReadToEndAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/v1/chat/completions")]
    [InlineData("/chat/completions")]
    [InlineData("/api/chat/completions")]
    [InlineData("/v1/chat/completions/")]
    public async Task The_route_has_every_address_that_clients_use(string path)
    {
        await using var rig = await HttpRig.StartAsync();
        Assert.Equal(HttpStatusCode.OK, (await rig.PostAsync(path, Ask("Who?"))).Status);
    }

    [Theory]
    [InlineData("application/octet-stream")]
    [InlineData("text/plain")]
    [InlineData(null)]
    public async Task The_content_type_does_not_matter(string? type)
    {
        await using var rig = await HttpRig.StartAsync();
        var response = await rig.SendAsync(HttpMethod.Post, Path, Ask("Who?"), change: request =>
            request.Content!.Headers.ContentType = type is null ? null : new(type));
        Assert.Equal(HttpStatusCode.OK, response.Status);
    }

    [Theory]
    [InlineData("mobilevlm-v2-1.7b", 200)]
    [InlineData("MobileVLM-V2-1.7B:latest", 200)]
    [InlineData("folder-name", 200)]
    [InlineData("", 200)]
    [InlineData("gpt-4o", 404)]
    public async Task The_model_has_aliases_and_another_one_is_refused_with_the_list(string model, int status)
    {
        await using var rig = await HttpRig.StartAsync();
        var response = await rig.PostAsync(Path, new { model, messages = new[] { new { role = "user", content = "x" } } });
        Assert.Equal(status, (int)response.Status);
        if (status == 404)
        {
            Assert.Contains("mobilevlm-v2-1.7b", response.ErrorMessage, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Unknown_members_and_nulls_are_ignored()
    {
        await using var rig = await HttpRig.StartAsync();
        var response = await rig.PostAsync(Path, """
            {"messages":[{"role":"user","content":"x","metadata":{}}],"tools":[],"logprobs":null,"seed":null,"stop":null,"max_tokens":-1,"user":7,
             "num_ctx":8192.0,"keep_alive":"5m","parallel_tool_calls":false,"stream_options":{},"tool_choice":"auto","temperature":null,"top_k":40}
            """);
        Assert.Equal(HttpStatusCode.OK, response.Status);
    }

    [Fact]
    public async Task Limits_and_sampling_reach_the_model()
    {
        await using var rig = await HttpRig.StartAsync();

        await rig.PostAsync(Path, """{"messages":[{"role":"user","content":"x"}],"max_tokens":5,"max_completion_tokens":7,"temperature":0.7,"top_p":0.9,"seed":12,"stop":["END"]}""");
        await rig.PostAsync(Path, """{"messages":[{"role":"user","content":"x"}]}""");

        var sampling = rig.Completion.Chats[0].Sampling;
        Assert.Equal((7, 0.7, 0.9, 12), (sampling.MaxTokens, sampling.Temperature, sampling.TopP, sampling.Seed));
        Assert.Equal(["END"], sampling.Stops);
        Assert.Equal((null, 0.0), (rig.Completion.Chats[1].Sampling.MaxTokens, rig.Completion.Chats[1].Sampling.Temperature));
    }

    [Fact]
    public async Task Content_is_a_text_or_parts_in_every_role_and_parts_join()
    {
        await using var rig = await HttpRig.StartAsync();

        await rig.PostAsync(Path, """
            {"messages":[{"role":"developer","content":[{"type":"text","text":"Be brief."}]},
             {"role":"user","content":[{"type":"text","text":"One"},{"type":"text","text":"two"}]},{"role":"assistant","content":[{"type":"text","text":"Three"}]},
             {"role":"system","content":"In English."},{"role":"user","content":"Four?"}]}
            """);

        var chat = rig.Completion.Chats[0];
        Assert.Equal("Be brief.\nIn English.", chat.System);
        Assert.Equal([new ChatTurn("One\ntwo", "Three"), new ChatTurn("Four?", null)], chat.Turns);
    }

    [Fact]
    public async Task Turns_of_the_user_in_a_row_join_and_empty_content_is_accepted()
    {
        await using var rig = await HttpRig.StartAsync();

        await rig.PostAsync(Path, """{"messages":[{"role":"user","content":null},{"role":"user","content":"A"},{"role":"user","content":"B"}]}""");

        Assert.Equal([new ChatTurn("A\nB", null)], rig.Completion.Chats[0].Turns);
    }

    [Fact]
    public async Task The_newest_of_several_pictures_counts_and_a_header_reports_the_others()
    {
        await using var rig = await HttpRig.StartAsync();

        var response = await rig.PostAsync(Path, Ask("Who?", HttpRig.OtherPicture, HttpRig.Picture));

        Assert.Equal(HttpRig.Picture, Convert.ToBase64String(rig.Completion.Chats[0].Picture!.Value.Span));
        Assert.Contains("1 older of 2 pictures", response.Headers[ChatMessages.LeftOutHeader], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_doubled_picture_counts_once()
    {
        await using var rig = await HttpRig.StartAsync();
        var response = await rig.PostAsync(Path, Ask("Who?", HttpRig.Picture, HttpRig.Picture));
        Assert.DoesNotContain(ChatMessages.LeftOutHeader, response.Headers.Keys);
    }

    [Fact]
    public async Task A_picture_of_an_earlier_turn_stays_with_it()
    {
        await using var rig = await HttpRig.StartAsync();

        await rig.PostAsync(Path, new
        {
            messages = new object[]
            {
                new { role = "user", content = Parts("Who?", HttpRig.Picture) },
                new { role = "assistant", content = "A person." },
                new { role = "user", content = "Where?" },
            },
        });

        var chat = rig.Completion.Chats[0];
        Assert.Equal((0, 2), (chat.PictureTurn, chat.Turns.Count));
    }

    [Theory]
    [InlineData("<attached_files>\n<file type=\"file\" id=\"1\" url=\"1\" content_type=\"image/jpeg\" name=\"p.jpg\"/>\n</attached_files>\n\nWho?", "Who?")]
    [InlineData("<image>Who?", "Who?")]
    [InlineData("<image><image>\nWho?", "Who?")]
    [InlineData("Who <attached_files></attached_files>", "Who <attached_files></attached_files>")]
    public async Task What_programs_add_to_the_text_of_a_user_is_removed(string text, string expected)
    {
        await using var rig = await HttpRig.StartAsync();
        await rig.PostAsync(Path, Ask(text, HttpRig.Picture));
        Assert.Equal(expected, rig.Completion.Chats[0].Turns[0].User);
    }

    [Theory]
    [InlineData("http://127.0.0.1:1/x.jpg")]
    [InlineData("https://example.com/x.jpg")]
    [InlineData("file:///etc/passwd")]
    [InlineData("data:image/jpeg,abc")]
    [InlineData("data:image/jpeg;base64,***")]
    [InlineData("")]
    public async Task Pictures_are_never_fetched_and_broken_ones_are_refused(string url)
    {
        await using var rig = await HttpRig.StartAsync();
        var response = await rig.PostAsync(Path, new { messages = new[] { new { role = "user", content = new[] { new { type = "image_url", image_url = new { url } } } } } });
        Assert.Equal(HttpStatusCode.BadRequest, response.Status);
    }

    [Theory]
    [InlineData("data:;base64,")]
    [InlineData("DATA:image/png;charset=utf-8;BASE64,")]
    [InlineData("")]
    [InlineData("\n data:image/jpeg;base64, ")]
    public async Task A_data_url_is_read_however_it_is_written(string head)
    {
        await using var rig = await HttpRig.StartAsync();
        byte[] file = [0xFF, 0xD8, 0xFB, 0xEF, 0xFE, 0x01];
        var text = Convert.ToBase64String(file).Replace('+', '-').Replace('/', '_').TrimEnd('=').Insert(3, "\r\n ");

        await rig.PostAsync(Path, new { messages = new[] { new { role = "user", content = new[] { new { type = "image_url", image_url = head + text } } } } });

        Assert.Equal(file, rig.Completion.Chats[0].Picture!.Value.ToArray());
    }

    [Fact]
    public async Task A_picture_for_a_text_only_model_is_refused()
    {
        await using var rig = await HttpRig.StartAsync(new FakeCompletion(pictureTokens: 0));
        Assert.Equal(HttpStatusCode.BadRequest, (await rig.PostAsync(Path, Ask("Who?", HttpRig.Picture))).Status);
        Assert.Equal(HttpStatusCode.OK, (await rig.PostAsync(Path, Ask("Who?"))).Status);
    }

    [Fact]
    public async Task Tools_are_ignored()
    {
        await using var rig = await HttpRig.StartAsync();
        var tool = new { type = "function", function = new { name = "f", parameters = new { type = "object", properties = new { } } } };
        var response = await rig.PostAsync(Path, new { messages = new[] { new { role = "user", content = "x" } }, tools = Enumerable.Repeat(tool, 36), tool_choice = "auto" });
        Assert.Equal("A person stands there.", response.Json.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString());
    }

    [Theory]
    [InlineData("""{"type":"function","function":{"name":"Scene"}}""")]
    [InlineData("\"required\"")]
    public async Task A_forced_tool_is_answered_as_structured_output(string choice)
    {
        await using var rig = await HttpRig.StartAsync();

        var answer = (await rig.PostAsync(Path, $$$$"""
            {"messages":[{"role":"user","content":"Is there a person?"}],"tool_choice":{{{{choice}}}},
             "tools":[{"type":"function","function":{"name":"Scene","parameters":{"type":"object","properties":{"person":{"type":"boolean"}},"required":["person"]}}}]}
            """)).Json.GetProperty("choices")[0];

        Assert.Equal("tool_calls", answer.GetProperty("finish_reason").GetString());
        Assert.Equal(JsonValueKind.Null, answer.GetProperty("message").GetProperty("content").ValueKind);
        var call = answer.GetProperty("message").GetProperty("tool_calls")[0].GetProperty("function");
        Assert.Equal(("Scene", """{"person":true}"""), (call.GetProperty("name").GetString(), call.GetProperty("arguments").GetString()));
        Assert.Equal("Is there a person?", Assert.Single(rig.Completion.Fields).Text);
    }

    [Fact]
    public async Task One_of_several_tools_cannot_be_required()
    {
        await using var rig = await HttpRig.StartAsync();
        var response = await rig.PostAsync(Path, """
            {"messages":[{"role":"user","content":"x"}],"tool_choice":"required",
             "tools":[{"type":"function","function":{"name":"a"}},{"type":"function","function":{"name":"b"}}]}
            """);
        Assert.Equal(HttpStatusCode.BadRequest, response.Status);
        Assert.Contains("response_format", response.ErrorMessage, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_schema_is_filled_in_a_stream_too()
    {
        await using var rig = await HttpRig.StartAsync();
        var response = await rig.PostAsync(Path, """
            {"stream":true,"messages":[{"role":"user","content":"x"}],
             "response_format":{"type":"json_schema","json_schema":{"name":"s","strict":true,"schema":{"type":"object","properties":{"open":{"type":"boolean"}}}}}}
            """);
        Assert.Equal("[DONE]", response.Data[^1]);
        Assert.Equal("""{"open":true}""", string.Concat(response.Data.SkipLast(1)
            .Select(data => JsonDocument.Parse(data).RootElement.GetProperty("choices")[0].GetProperty("delta"))
            .Select(delta => delta.TryGetProperty("content", out var content) ? content.GetString() : "")));
    }

    [Fact]
    public async Task Any_object_is_valid_json()
    {
        await using var rig = await HttpRig.StartAsync();
        var answer = await rig.PostAsync(Path, """{"messages":[{"role":"user","content":"x"}],"response_format":{"type":"json_object"}}""");
        Assert.Equal("""{"answer":"A person stands there."}""", answer.Json.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString());
    }

    [Fact]
    public async Task Background_requests_of_chat_pages_are_short_or_answered_at_once()
    {
        var body = """{"max_tokens":1000,"messages":[{"role":"user","content":"### Task:\nGenerate a title."}]}""";
        await using (var rig = await HttpRig.StartAsync())
        {
            await rig.PostAsync(Path, body);
            Assert.Equal(64, rig.Completion.Chats[0].Sampling.MaxTokens);
        }

        await using (var rig = await HttpRig.StartAsync(settings => settings with { ChatTasks = ChatTaskMode.Empty }))
        {
            var answer = await rig.PostAsync(Path, body);
            Assert.Equal("{}", answer.Json.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString());
            Assert.Empty(rig.Completion.Chats);
        }
    }

    [Fact]
    public async Task A_full_queue_is_429_here_and_503_elsewhere()
    {
        var release = new TaskCompletionSource();
        var begun = new TaskCompletionSource();
        var completion = new FakeCompletion
        {
            Step = _ =>
            {
                begun.TrySetResult();
                return release.Task;
            },
        };
        await using var rig = await HttpRig.StartAsync(
            settings => settings with { MaxWaiting = 1, AskWithin = TimeSpan.FromMilliseconds(50) }, completion);
        var running = rig.PostAsync(Path, Ask("1"));
        await begun.Task;

        var openAi = await rig.PostAsync(Path, Ask("2"));
        var ollama = await rig.PostAsync("/api/chat", """{"messages":[{"role":"user","content":"3"}]}""");

        Assert.Equal((HttpStatusCode.TooManyRequests, HttpStatusCode.ServiceUnavailable), (openAi.Status, ollama.Status));
        Assert.NotEmpty(openAi.ErrorMessage);
        Assert.NotEmpty(ollama.ErrorText);
        Assert.All(new[] { openAi, ollama }, response => Assert.InRange(int.Parse(response.Headers["Retry-After"], System.Globalization.CultureInfo.InvariantCulture), 1, 120));
        release.SetResult();
        Assert.Equal(HttpStatusCode.OK, (await running).Status);
    }

    [Fact]
    public async Task Lists_are_answered_while_the_model_loads_and_a_question_waits_for_it()
    {
        await using var rig = await HttpRig.StartAsync(new FakeCompletion(isReady: false));

        Assert.Equal(HttpStatusCode.OK, (await rig.GetAsync("/v1/models")).Status);
        Assert.Equal(HttpStatusCode.OK, (await rig.GetAsync("/api/tags")).Status);
        Assert.Equal(HttpStatusCode.OK, (await rig.GetAsync("/api/version")).Status);
        var asking = rig.PostAsync(Path, Ask("Who?"));
        rig.Completion.Load();
        Assert.Equal(HttpStatusCode.OK, (await asking).Status);
    }

    [Fact]
    public async Task A_model_that_does_not_load_in_time_is_unavailable()
    {
        await using var rig = await HttpRig.StartAsync(settings => settings with { AskWithin = TimeSpan.FromMilliseconds(50) }, new FakeCompletion(isReady: false));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await rig.PostAsync(Path, Ask("Who?"))).Status);
    }
}
