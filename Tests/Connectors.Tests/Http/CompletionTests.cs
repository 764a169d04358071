using System.Net;
using System.Text.Json;

namespace MobileVlm.Edge.Connectors.Tests.Http;

/// <summary><c>/v1/completions</c> and the tokenizer's routes, as evaluation tools read them.</summary>
public sealed class CompletionTests
{
    private const string Path = "/v1/completions";

    [Fact]
    public async Task Token_ids_are_scored_as_they_are_with_one_entry_more_than_the_prompt()
    {
        await using var rig = await HttpRig.StartAsync(new FakeCompletion { Pieces = ["2"] });

        var answer = (await rig.PostAsync(Path, """{"prompt":[[1,101,102],[1,103]],"temperature":0,"max_tokens":1,"logprobs":1,"seed":1234,"echo":true}""")).Json;

        var choices = answer.GetProperty("choices").EnumerateArray().ToList();
        Assert.Equal([0, 1], choices.Select(choice => choice.GetProperty("index").GetInt32()));
        var logprobs = choices[0].GetProperty("logprobs");
        Assert.Equal(4, logprobs.GetProperty("token_logprobs").GetArrayLength());
        Assert.Equal(4, logprobs.GetProperty("top_logprobs").GetArrayLength());
        Assert.Equal(JsonValueKind.Null, logprobs.GetProperty("token_logprobs")[0].ValueKind);
        Assert.All(rig.Completion.Completions, request => Assert.False(request.IsBeginHidden));
        Assert.Equal([1, 101, 102], rig.Completion.Completions[0].Prompt);
    }

    [Fact]
    public async Task A_value_is_the_same_number_in_both_lists_and_equal_texts_do_not_overwrite_each_other()
    {
        await using var rig = await HttpRig.StartAsync(new FakeCompletion { Pieces = ["2"] });

        // Both tokens at the generated place have the text of a space.
        var logprobs = (await rig.PostAsync(Path, """{"prompt":[1,101],"max_tokens":1,"logprobs":2,"echo":true}""")).Json.GetProperty("choices")[0].GetProperty("logprobs");
        var last = logprobs.GetProperty("top_logprobs")[2].EnumerateObject().ToList();
        Assert.Equal(2, last.Count);
        Assert.Equal(logprobs.GetProperty("token_logprobs")[2].GetRawText(), last.MaxBy(top => top.Value.GetDouble()).Value.GetRawText());
    }

    [Fact]
    public async Task A_text_gets_a_begin_token_that_is_not_listed()
    {
        await using var rig = await HttpRig.StartAsync(new FakeCompletion { Pieces = ["2"] });
        var answer = (await rig.PostAsync(Path, """{"prompt":["ab","c"],"max_tokens":1,"logprobs":1,"echo":true}""")).Json;
        Assert.All(rig.Completion.Completions, request => Assert.True(request.IsBeginHidden));
        Assert.Equal(3, answer.GetProperty("choices")[0].GetProperty("logprobs").GetProperty("token_logprobs").GetArrayLength());
        Assert.Equal(2, answer.GetProperty("choices")[1].GetProperty("logprobs").GetProperty("token_logprobs").GetArrayLength());
    }

    [Fact]
    public async Task A_begin_token_that_is_written_in_a_text_is_that_token_and_no_second_one_is_added()
    {
        await using var rig = await HttpRig.StartAsync();
        await rig.PostAsync(Path, """{"prompt":"<s>ab"}""");
        Assert.Equal((false, 3), (rig.Completion.Completions[0].IsBeginHidden, rig.Completion.Completions[0].Prompt.Count));
    }

    [Fact]
    public async Task Text_holds_the_prompt_only_if_it_is_echoed()
    {
        await using var rig = await HttpRig.StartAsync();
        Assert.Equal("A person stands there.", Text(await rig.PostAsync(Path, """{"prompt":"ab","logprobs":null,"seed":null}""")));
        Assert.Equal("abA person stands there.", Text(await rig.PostAsync(Path, """{"prompt":"ab","echo":true}""")));

        static string Text(Response response) => response.Json.GetProperty("choices")[0].GetProperty("text").GetString()!;
    }

    [Fact]
    public async Task More_than_four_stops_are_accepted()
    {
        await using var rig = await HttpRig.StartAsync();
        await rig.PostAsync(Path, """{"prompt":"ab","stop":["1","2","3","4","5","6"],"repetition_penalty":1.2,"foo":"bar"}""");
        Assert.Equal(6, rig.Completion.Completions[0].Sampling.Stops.Count);
    }

    [Fact]
    public async Task A_stream_ends_with_the_counts_if_they_are_requested()
    {
        await using var rig = await HttpRig.StartAsync();
        var response = await rig.PostAsync(Path, """{"prompt":"ab","stream":true,"stream_options":{"include_usage":true}}""");
        Assert.Equal("[DONE]", response.Data[^1]);
        Assert.Equal(3, JsonDocument.Parse(response.Data[^2]).RootElement.GetProperty("usage").GetProperty("completion_tokens").GetInt32());
    }

    [Theory]
    [InlineData("""{"prompt":[32000]}""")]
    [InlineData("""{"prompt":[-1]}""")]
    [InlineData("""{"prompt":[1.5]}""")]
    [InlineData("""{"prompt":[[]]}""")]
    [InlineData("""{"prompt":[]}""")]
    [InlineData("""{"prompt":{}}""")]
    [InlineData("""{}""")]
    [InlineData("""{"prompt":"a","logprobs":6}""")]
    [InlineData("""{"prompt":"a","best_of":2}""")]
    [InlineData("""{"prompt":["a","b"],"stream":true}""")]
    public async Task What_cannot_be_completed_is_refused(string body)
    {
        await using var rig = await HttpRig.StartAsync();
        var response = await rig.PostAsync(Path, body);
        Assert.Equal(HttpStatusCode.BadRequest, response.Status);
        Assert.NotEmpty(response.ErrorMessage);
    }

    [Fact]
    public async Task A_prompt_that_is_too_long_is_refused_with_both_numbers()
    {
        await using var rig = await HttpRig.StartAsync();
        var response = await rig.PostAsync(Path, new { prompt = Enumerable.Repeat(5, 2049) });
        Assert.Equal("context_length_exceeded", response.Json.GetProperty("error").GetProperty("code").GetString());
        Assert.Contains("2049", response.ErrorMessage, StringComparison.Ordinal);
        Assert.Contains("2048", response.ErrorMessage, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_tokenizer_can_be_used_from_outside()
    {
        await using var rig = await HttpRig.StartAsync();

        Assert.Equal([197, 198], Ids(await rig.PostAsync("/tokenize", """{"prompt":"ab","add_special_tokens":false}""")));
        Assert.Equal([1, 197], Ids(await rig.PostAsync("/tokenize", """{"prompt":"a"}""")));
        Assert.Equal([2], Ids(await rig.PostAsync("/tokenize", """{"prompt":"</s>","add_special_tokens":false}""")));
        Assert.Equal("ab", (await rig.PostAsync("/detokenize", """{"tokens":[197,198]}""")).Json.GetProperty("prompt").GetString());
        var info = (await rig.GetAsync("/tokenizer_info")).Json;
        Assert.Equal(("<s>", "</s>"), (info.GetProperty("bos_token").GetString(), info.GetProperty("eos_token").GetString()));

        static IEnumerable<int> Ids(Response response) => response.Json.GetProperty("tokens").EnumerateArray().Select(id => id.GetInt32());
    }

    [Fact]
    public async Task A_conversation_to_tokenize_is_refused()
    {
        await using var rig = await HttpRig.StartAsync();
        Assert.Equal(HttpStatusCode.BadRequest, (await rig.PostAsync("/tokenize", """{"prompt":[{"role":"user","content":"x"}]}""")).Status);
    }

    [Fact]
    public async Task The_model_reports_its_limits()
    {
        await using var rig = await HttpRig.StartAsync();
        var model = (await rig.GetAsync("/v1/models")).Json.GetProperty("data")[0];
        Assert.Equal(("mobilevlm-v2-1.7b", "model", 2048), (model.GetProperty("id").GetString(), model.GetProperty("object").GetString(), model.GetProperty("max_model_len").GetInt32()));
        Assert.Equal(2048, model.GetProperty("meta").GetProperty("n_ctx").GetInt32());
        Assert.Equal(["text", "image"], model.GetProperty("architecture").GetProperty("input_modalities").EnumerateArray().Select(it => it.GetString()));
        Assert.Equal("mobilevlm-v2-1.7b", (await rig.GetAsync("/v1/models/MobileVLM-V2-1.7b")).Json.GetProperty("id").GetString());
        var props = (await rig.GetAsync("/props?model=x")).Json;
        Assert.Equal((2048, true), (props.GetProperty("default_generation_settings").GetProperty("n_ctx").GetInt32(), props.GetProperty("modalities").GetProperty("vision").GetBoolean()));
    }
}
