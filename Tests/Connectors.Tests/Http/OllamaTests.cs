using System.Net;
using System.Text.Json;
using MobileVlm.Edge.Connectors.Http.Completions;
using MobileVlm.Edge.Connectors.Http.Server;

namespace MobileVlm.Edge.Connectors.Tests.Http;

public sealed class OllamaTests
{
    [Fact]
    public async Task A_chat_streams_by_default_with_a_role_in_each_line_and_no_empty_one()
    {
        await using var rig = await HttpRig.StartAsync();

        var response = await rig.PostAsync("/api/chat", """{"model":"mobilevlm-v2-1.7b:latest","messages":[{"role":"user","content":"Who?"}]}""");

        Assert.Equal("application/x-ndjson", response.Type);
        Assert.DoesNotContain("\n\n", response.Body, StringComparison.Ordinal);
        Assert.All(response.Lines, line => Assert.Equal("assistant", line.GetProperty("message").GetProperty("role").GetString()));
        Assert.Equal("A person stands there.", string.Concat(response.Lines.Select(line => line.GetProperty("message").GetProperty("content").GetString())));
        var last = response.Lines[^1];
        Assert.True(last.GetProperty("done").GetBoolean());
        Assert.Equal("stop", last.GetProperty("done_reason").GetString());
        Assert.Equal("mobilevlm-v2-1.7b:latest", last.GetProperty("model").GetString());
        Assert.All(
            (string[])["total_duration", "load_duration", "prompt_eval_count", "prompt_eval_duration", "eval_count", "eval_duration"],
            name => Assert.True(last.GetProperty(name).TryGetInt64(out _), name));
        Assert.True(DateTimeOffset.TryParse(last.GetProperty("created_at").GetString(), System.Globalization.CultureInfo.InvariantCulture, out _));
    }

    [Fact]
    public async Task Without_a_stream_it_is_one_document()
    {
        await using var rig = await HttpRig.StartAsync();
        var response = await rig.PostAsync("/api/chat", """{"stream":false,"messages":[{"role":"user","content":"Who?"}]}""");
        Assert.Equal(("application/json", "A person stands there."), (response.Type, response.Json.GetProperty("message").GetProperty("content").GetString()));
    }

    [Fact]
    public async Task Odd_members_that_are_not_used_are_ignored()
    {
        await using var rig = await HttpRig.StartAsync();
        var response = await rig.PostAsync("/api/chat", """
            {"model":"mobilevlm-v2-1.7b","stream":false,"prompt":[],"think":false,"keep_alive":"-1.0s","tools":[],"format":"",
             "options":{"num_ctx":8192.0,"repeat_penalty":1.05,"num_predict":3000,"temperature":0.0},"messages":[{"role":"user","content":"Who?"}]}
            """);
        Assert.Equal(HttpStatusCode.OK, response.Status);
        Assert.Equal(3000, rig.Completion.Chats[0].Sampling.MaxTokens);
    }

    [Fact]
    public async Task System_and_pictures_beside_the_messages_count_and_a_doubled_picture_once()
    {
        await using var rig = await HttpRig.StartAsync();

        var response = await rig.PostAsync("/api/chat", $$"""
            {"stream":false,"system":"Be brief.","images":["{{HttpRig.Picture}}"],"messages":[{"role":"user","content":"Who?","images":["data:image/jpeg;base64,{{HttpRig.Picture}}"]}]}
            """);

        Assert.DoesNotContain(ChatMessages.LeftOutHeader, response.Headers.Keys);
        var chat = rig.Completion.Chats[0];
        Assert.Equal(("Be brief.", HttpRig.Picture), (chat.System, Convert.ToBase64String(chat.Picture!.Value.Span)));
    }

    [Fact]
    public async Task A_message_without_content_is_a_question_about_its_picture()
    {
        await using var rig = await HttpRig.StartAsync();
        await rig.PostAsync("/api/chat", $$"""{"messages":[{"role":"user","images":["{{HttpRig.Picture}}"]}]}""");
        Assert.Equal("Describe the picture.", rig.Completion.Chats[0].Turns[0].User);
    }

    [Fact]
    public async Task An_address_of_a_picture_is_refused_as_text()
    {
        await using var rig = await HttpRig.StartAsync();
        var response = await rig.PostAsync("/api/chat", """{"messages":[{"role":"user","content":"x","images":["http://example.com/x.jpg"]}]}""");
        Assert.Equal(HttpStatusCode.BadRequest, response.Status);
        Assert.Contains("fetches no pictures", response.ErrorText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Generate_takes_a_prompt_with_pictures()
    {
        await using var rig = await HttpRig.StartAsync();
        var response = await rig.PostAsync("/api/generate", $$"""{"stream":false,"prompt":"Who?","images":["{{HttpRig.Picture}}"]}""");
        Assert.Equal("A person stands there.", response.Json.GetProperty("response").GetString());
        Assert.Equal("Who?", rig.Completion.Chats[0].Turns[0].User);
    }

    [Theory]
    [InlineData("/api/chat", """{"model":"mobilevlm-v2-1.7b","messages":[]}""", "load")]
    [InlineData("/api/generate", """{"model":"mobilevlm-v2-1.7b","stream":false}""", "load")]
    [InlineData("/api/generate", """{"model":"mobilevlm-v2-1.7b","keep_alive":0.0,"stream":false}""", "unload")]
    public async Task A_request_without_a_question_only_loads(string path, string body, string reason)
    {
        await using var rig = await HttpRig.StartAsync();
        var response = await rig.PostAsync(path, body);
        Assert.Equal((HttpStatusCode.OK, reason), (response.Status, response.Lines[^1].GetProperty("done_reason").GetString()));
        Assert.Empty(rig.Completion.Chats);
    }

    [Theory]
    [InlineData("/api/chat", "message")]
    [InlineData("/api/generate", "response")]
    public async Task A_failure_in_the_middle_of_a_stream_is_shown_as_text_and_the_connection_is_cut(string path, string member)
    {
        await using var rig = await HttpRig.StartAsync(new FakeCompletion { Fault = HttpFailureException.Unavailable("the model is opened again", TimeSpan.FromSeconds(1)) });
        using var request = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Content = new StringContent("""{"prompt":"x","messages":[{"role":"user","content":"Who?"}]}"""),
        };
        using var response = await rig.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        var last = "";
        await Assert.ThrowsAnyAsync<IOException>(async () =>
        {
            while (await reader.ReadLineAsync() is { } line)
            {
                last = line;
            }
        });

        var document = JsonDocument.Parse(last).RootElement;
        Assert.True(document.GetProperty("done").GetBoolean());
        Assert.Contains("the model is opened again", document.GetProperty(member).GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Line_separators_of_unicode_are_escaped()
    {
        await using var rig = await HttpRig.StartAsync(new FakeCompletion { Pieces = ["a\u2028b\u2029c\u0085d😀"] });
        var response = await rig.PostAsync("/api/chat", """{"messages":[{"role":"user","content":"x"}]}""");
        Assert.DoesNotContain(response.Body, c => c is '\u2028' or '\u2029' or '\u0085');
        Assert.Equal("a\u2028b\u2029c\u0085d😀", response.Lines[0].GetProperty("message").GetProperty("content").GetString());
    }

    [Fact]
    public async Task A_schema_in_format_is_filled()
    {
        await using var rig = await HttpRig.StartAsync();
        var response = await rig.PostAsync("/api/chat", """
            {"stream":false,"messages":[{"role":"user","content":"x"}],"format":{"type":"object","properties":{"count":{"type":"integer","minimum":0.0}}}}
            """);
        Assert.Equal("""{"count":2}""", response.Json.GetProperty("message").GetProperty("content").GetString());
    }

    [Fact]
    public async Task The_list_has_what_clients_look_for()
    {
        await using var rig = await HttpRig.StartAsync();
        var model = (await rig.GetAsync("/api/tags")).Json.GetProperty("models")[0];
        Assert.Equal("mobilevlm-v2-1.7b", model.GetProperty("name").GetString());
        Assert.Equal("mobilevlm-v2-1.7b", model.GetProperty("model").GetString());
        Assert.True(DateTimeOffset.TryParse(model.GetProperty("modified_at").GetString(), System.Globalization.CultureInfo.InvariantCulture, out _));
        Assert.True(model.GetProperty("size").GetInt64() >= 0);
    }

    [Theory]
    [InlineData("model")]
    [InlineData("name")]
    public async Task Show_takes_both_names_of_the_member(string member)
    {
        await using var rig = await HttpRig.StartAsync();
        var shown = (await rig.PostAsync("/api/show", $$"""{"{{member}}":"MobileVLM-v2-1.7b"}""")).Json;
        Assert.Equal(["completion", "vision"], shown.GetProperty("capabilities").EnumerateArray().Select(it => it.GetString()));
        Assert.Equal(2048, shown.GetProperty("model_info").GetProperty("llama.context_length").GetInt32());
        Assert.Equal(HttpStatusCode.NotFound, (await rig.PostAsync("/api/show", $$"""{"{{member}}":"llava"}""")).Status);
    }

    [Theory]
    [InlineData("""{"model":"mobilevlm-v2-1.7b","stream":false}""", 200)]
    [InlineData("""{"name":"mobilevlm-v2-1.7b"}""", 200)]
    [InlineData("""{"model":"llava","stream":false}""", 404)]
    public async Task Pull_succeeds_for_the_model_that_is_here_only(string body, int status)
    {
        await using var rig = await HttpRig.StartAsync();
        var response = await rig.PostAsync("/api/pull", body);
        Assert.Equal(status, (int)response.Status);
        if (status == 200)
        {
            Assert.Equal("success", response.Lines[^1].GetProperty("status").GetString());
        }
        else
        {
            Assert.NotEmpty(response.ErrorText);
        }
    }
}
