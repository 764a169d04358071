using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace MobileVlm.Edge.Connectors.Tests.Http;

/// <summary>Rules that real clients impose and that belong to no single route; <c>Tests/README.md</c> has the whole list.</summary>
public sealed class ClientRuleTests
{
    private const string Chat = "/v1/chat/completions";

    private const string Options =
        "Your job is to extract data from images. You can only respond with one of: ['on', 'off']. You must respond with one of the options! "
        + "If unsure, choose the option that best matches. Answer the following question with the options provided: Is the door open?";

    [Fact]
    public async Task Pictures_of_full_size_fit_into_a_body()
    {
        await using var rig = await HttpRig.StartAsync();
        var picture = new byte[23_000_000];
        new Random(1).NextBytes(picture);

        // More than Kestrel accepts by default (30 MB).
        var body = JsonSerializer.SerializeToUtf8Bytes(new { stream = false, messages = new[] { new { role = "user", content = "Who?", images = new[] { Convert.ToBase64String(picture) } } } });
        Assert.True(body.Length > 30_000_000);
        var response = await rig.PostAsync("/api/chat", body);

        Assert.Equal(HttpStatusCode.OK, response.Status);
        Assert.Equal(picture.Length, rig.Completion.Chats[0].Picture!.Value.Length);
    }

    [Theory]
    [InlineData(false, "stop")]
    [InlineData(true, "length")]
    public async Task A_text_ends_with_stop_or_length_on_every_route(bool isCutOff, string reason)
    {
        await using var rig = await HttpRig.StartAsync(new FakeCompletion { IsCutOff = isCutOff });

        var chat = (await rig.PostAsync(Chat, """{"messages":[{"role":"user","content":"x"}]}""")).Json;
        Assert.Equal(reason, chat.GetProperty("choices")[0].GetProperty("finish_reason").GetString());
        var stream = await rig.PostAsync(Chat, """{"stream":true,"messages":[{"role":"user","content":"x"}]}""");
        Assert.Equal(reason, JsonDocument.Parse(stream.Data[^2]).RootElement.GetProperty("choices")[0].GetProperty("finish_reason").GetString());
        var text = (await rig.PostAsync("/v1/completions", """{"prompt":"x"}""")).Json;
        Assert.Equal(reason, text.GetProperty("choices")[0].GetProperty("finish_reason").GetString());
        var ollama = await rig.PostAsync("/api/generate", """{"prompt":"x"}""");
        Assert.Equal(reason, ollama.Lines[^1].GetProperty("done_reason").GetString());
    }

    [Fact]
    public async Task A_get_with_a_content_type_and_without_a_body_is_answered()
    {
        await using var rig = await HttpRig.StartAsync();
        var response = await rig.SendAsync(HttpMethod.Get, "/api/tags", Array.Empty<byte>(), change: request =>
            request.Content!.Headers.ContentType = new MediaTypeHeaderValue("application/json"));
        Assert.Equal(HttpStatusCode.OK, response.Status);
    }

    [Fact]
    public async Task A_stream_is_sent_whatever_the_client_accepts()
    {
        await using var rig = await HttpRig.StartAsync();
        var response = await rig.SendAsync(HttpMethod.Post, Chat, """{"stream":true,"messages":[{"role":"user","content":"x"}]}""", change: request =>
            request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json")));
        Assert.Equal((HttpStatusCode.OK, "text/event-stream"), (response.Status, response.Type));
    }

    [Fact]
    public async Task An_error_of_the_own_api_has_no_member_that_a_sensor_reads()
    {
        await using var rig = await HttpRig.StartAsync();
        var response = await rig.PostAsync("/api/v1/cameras/none/ask", """{"questions":[{"ask":"Who?","answer":"Text"}]}""");
        Assert.Equal(HttpStatusCode.NotFound, response.Status);
        Assert.Equal("error", Assert.Single(response.Json.EnumerateObject()).Name);
    }

    [Fact]
    public async Task A_picture_counts_in_the_prompt_of_ollama()
    {
        await using var rig = await HttpRig.StartAsync();
        var text = await rig.PostAsync("/api/chat", """{"stream":false,"messages":[{"role":"user","content":"Who?"}]}""");
        var picture = await rig.PostAsync("/api/chat", $$"""{"stream":false,"messages":[{"role":"user","content":"Who?","images":["{{HttpRig.Picture}}"]}]}""");
        Assert.Equal(144, Count(picture) - Count(text));

        static int Count(Response response) => response.Json.GetProperty("prompt_eval_count").GetInt32();
    }

    [Fact]
    public async Task A_picture_may_stand_between_two_texts()
    {
        await using var rig = await HttpRig.StartAsync();
        await rig.PostAsync(Chat, $$"""
            {"messages":[{"role":"user","content":[{"type":"text","text":"Image 1:"},{"image_url":{"url":"data:image/jpeg;base64,{{HttpRig.Picture}}"},"type":"image_url"},{"type":"text","text":"Who?"}]}]}
            """);
        Assert.Equal(("Image 1:\nWho?", true), (rig.Completion.Chats[0].Turns[0].User, rig.Completion.Chats[0].Picture is not null));
    }

    [Theory]
    [InlineData(Options, "on")]
    [InlineData("Your job is to extract data from images. You can only respond with one of: ['sunny', \"it's rainy\"]. Answer the following question with the options provided: What is the weather?", "sunny")]
    [InlineData("You can only respond with a number. You must respond with one of the options! Answer the following question with the options provided: How many cars?", "2")]
    public async Task A_request_for_one_of_several_options_or_for_a_number_gets_the_bare_value(string text, string expected)
    {
        await using var rig = await HttpRig.StartAsync();

        var openAi = await rig.PostAsync(Chat, new { messages = new[] { new { role = "user", content = text } } });
        var ollama = await rig.PostAsync("/api/chat", new { stream = false, messages = new[] { new { role = "user", content = text } } });

        Assert.Equal(expected, openAi.Json.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString());
        Assert.Equal(expected, ollama.Json.GetProperty("message").GetProperty("content").GetString());
        Assert.EndsWith("?", Assert.Single(rig.Completion.Fields).Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_client_that_expects_an_object_gets_no_bare_value(bool streams)
    {
        await using var rig = await HttpRig.StartAsync();
        var messages = new[] { new { role = "user", content = Options } };

        var openAi = await rig.PostAsync(Chat, new { stream = streams, response_format = new { type = "json_object" }, messages });
        var ollama = await rig.PostAsync("/api/chat", new { stream = streams, format = "json", messages });

        var text = streams
            ? string.Concat(openAi.Data.Where(data => data != "[DONE]").Select(data => JsonDocument.Parse(data).RootElement.GetProperty("choices"))
                .Where(choices => choices[0].GetProperty("delta").TryGetProperty("content", out _))
                .Select(choices => choices[0].GetProperty("delta").GetProperty("content").GetString()))
            : openAi.Json.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString();
        Assert.Equal("""{"answer":"on"}""", text);
        Assert.Equal("""{"answer":"on"}""", Assert.Single(ollama.Lines).GetProperty("message").GetProperty("content").GetString());
    }

    [Fact]
    public async Task A_request_for_on_or_off_is_scored_as_yes_or_no()
    {
        await using var rig = await HttpRig.StartAsync(new FakeCompletion { Field = _ => "false" });
        var answer = await rig.PostAsync(Chat, new { messages = new[] { new { role = "user", content = Options } } });
        Assert.Equal("off", answer.Json.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString());
        Assert.Equal("Is the door open?", Assert.Single(rig.Completion.Fields).Text);
    }
}
