using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace MobileVlm.Edge.EndToEnd.Tests.Configuration;

/// <summary>A question that cannot fit the model's context is an error of the configuration, not of the running service.</summary>
public sealed partial class ContextTests : IDisposable
{
    private readonly ConfigurationFixture _fixture = new();

    private static string Thai { get; } = string.Concat(Enumerable.Repeat("มีคนอยู่ที่ประตูไหม ", 15));

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void A_question_that_is_too_long_is_refused_with_both_numbers_and_its_line_and_is_not_quoted()
    {
        var refused = _fixture.Refused(Json(256, Question(Thai)));

        var line = refused.Message.Split('\n')[1];
        Assert.Matches(
            @"^  MobileVlm:Cameras:b:Questions:q:Ask: needs \d+ tokens with the prompt, the frame and its answer; Model:ContextTokens is 256\. Shorten the question, or raise Model:ContextTokens\. \[line 5\]$",
            line);
        Assert.DoesNotContain("มีคน", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void All_questions_that_do_not_fit_are_listed_with_the_other_errors()
    {
        var refused = _fixture.Refused($$"""
            { "MobileVlm": { "Model": { "Path": {{Path}}, "ContextTokens": 256 }, "Mqtt": { "Broker": "tcp://x" },
              "Cameras": { "b": { "Source": "pattern:", "Questions": {
                "ok": { "Ask": "Is there a person?", "Answer": "YesNo" },
                "long": { "Ask": "{{Thai}}", "Answer": "YesNo" },
                "text": { "Ask": "Describe it.", "Answer": "Text", "MaxTokens": 250 },
                "number": { "Ask": "How many?", "Answer": "Number", "MaxTokens": 250 },
                "choice": { "Ask": "Which?", "Answer": "Choice", "Choices": [ "short", "{{new string('€', 90)}}" ] },
                "scene": { "Ask": "{{Thai}}", "Answer": "Json", "Fields": {
                  "a": { "Ask": "Is it night?", "Answer": "YesNo" },
                  "b": { "Ask": "{{Thai}}", "Answer": "YesNo" } } } } } } } }
            """);

        Assert.Equal(
            [
                "MobileVlm:Mqtt:Broker",
                "MobileVlm:Cameras:b:Questions:long:Ask",
                "MobileVlm:Cameras:b:Questions:text:Ask",
                "MobileVlm:Cameras:b:Questions:number:Ask",
                "MobileVlm:Cameras:b:Questions:choice:Ask",
                "MobileVlm:Cameras:b:Questions:scene:Fields:b:Ask",
            ],
            refused.Errors.Select(error => error.Key));
    }

    [Theory]
    [InlineData("\"Answer\": \"YesNo\"")]
    [InlineData("\"Answer\": \"Text\", \"MaxTokens\": 40")]
    [InlineData("\"Answer\": \"Choice\", \"Choices\": [ \"a red car\", \"a green van that is very long\" ]")]
    public void A_context_of_exactly_the_reported_size_is_accepted_and_one_token_less_is_refused(string answer)
    {
        var question = $$"""{ "Ask": "Is there anything that I should know about this place, now or soon, and if so, where would it be seen best by me?", {{answer}} }""";
        var refused = _fixture.Refused(Json(256, question.Replace("Is there", new string('€', 50) + "Is there", StringComparison.Ordinal)));
        var needed = int.Parse(Needed().Match(refused.Message).Groups[1].Value, CultureInfo.InvariantCulture);
        Assert.InRange(needed, 257, 512);

        var padded = question.Replace("Is there", new string('€', 50) + "Is there", StringComparison.Ordinal);
        Assert.Equal(needed, _fixture.Read(Json(needed, padded)).ContextTokens);
        Assert.Contains($"needs {needed} tokens", _fixture.Refused(Json(needed - 1, padded)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_models_own_limit_applies_where_it_is_smaller_and_is_reported()
    {
        Assert.Contains(
            "Model:ContextTokens is 1024. The model itself has 512 positions. Shorten the question.",
            _fixture.Error(Json(null, Question(Thai))).Message,
            StringComparison.Ordinal);
        Assert.Empty(_fixture.Read(Json(null, Question("Is it day?"))).Warnings);
        var warning = Assert.Single(_fixture.Read(Json(1024, Question("Is it day?"))).Warnings);
        Assert.Equal("MobileVlm:Model:ContextTokens", warning.Key);
        Assert.Contains("512 are used", warning.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_model_is_a_warning_and_a_text_only_model_is_an_error()
    {
        var warning = Assert.Single(_fixture.Read(ConfigurationFixture.Small()).Warnings);
        Assert.Equal(("MobileVlm:Model:Path", "/models/a"), (warning.Key, warning.Value));
        Assert.Contains("does not exist", warning.Message, StringComparison.Ordinal);

        var text = System.IO.Path.Combine(_fixture.Current, "text");
        Inference.Import.ModelImporter.Import(
            System.IO.Path.Combine(DemoModel.Repository, "Tests", "Golden", "mobilellama"), text, Inference.Import.Precision.PrecisionPlan.Fp32);
        Assert.Contains(
            "text-only model",
            _fixture.Error(ConfigurationFixture.Small().Replace("/models/a", text, StringComparison.Ordinal)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_choice_that_is_too_long_in_characters_is_counted_in_tokens_as_well()
    {
        var refused = _fixture.Refused(Json(256, $$"""{ "Ask": "Which?", "Answer": "Choice", "Choices": [ "short", "{{new string('€', 300)}}" ] }"""));

        Assert.Equal(
            ["MobileVlm:Cameras:b:Questions:q:Choices:1", "MobileVlm:Cameras:b:Questions:q:Ask"], refused.Errors.Select(error => error.Key));
    }

    [Theory]
    [InlineData("""{ "Ask": "Is\u0007 it?", "Answer": "YesNo" }""", "Ask", "control character (\\u0007)")]
    [InlineData("""{ "Ask": "Which?", "Answer": "Choice", "Choices": [ "red", "bl\u001bue", "green" ] }""", "Choices:1", "control character (\\u001b)")]
    [InlineData("""{ "Ask": "Which?", "Answer": "Choice", "Choices": [ "red", "Unknown" ] }""", "Choices", "'unknown'")]
    [InlineData("""{ "Ask": "How fast?", "Answer": "Number", "Unit": "km\u0085" }""", "Unit", "control character (\\u0085)")]
    [InlineData("""{ "Ask": "Is it?", "Answer": "YesNo", "Region": "0,0 1,1 0.5,0.5" }""", "Region", "not on one line")]
    [InlineData("""{ "Ask": "Is it?", "Answer": "YesNo", "Mask": [ "0,0 0,0 0,0" ] }""", "Mask:0", "not on one line")]
    public void A_setting_that_would_fail_or_mislead_only_at_run_time_is_refused(string question, string key, string message)
    {
        var error = _fixture.Error(Json(512, question));

        Assert.Equal($"MobileVlm:Cameras:b:Questions:q:{key}", error.Key);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Line_breaks_and_tabs_are_part_of_a_question() =>
        Assert.Equal("Is it?\r\n\tShort.", _fixture.Read(Json(512, """{ "Ask": "Is it?\r\n\tShort.", "Answer": "YesNo" }""")).Options.Cameras["b"].Questions["q"].Ask);

    [Fact]
    public void Choices_that_are_the_same_tokens_are_refused()
    {
        // The environment can hold what no file can: half surrogate pairs, which all become the same character.
        _fixture.Environment["MobileVlm__Cameras__b__Questions__q__Choices__0"] = "red \ud800";
        _fixture.Environment["MobileVlm__Cameras__b__Questions__q__Choices__1"] = "red \udfff";
        var error = _fixture.Error(Json(512, """{ "Ask": "Which?", "Answer": "Choice" }"""));

        Assert.Equal("MobileVlm:Cameras:b:Questions:q:Choices", error.Key);
        Assert.Contains("same tokens", error.Message, StringComparison.Ordinal);
    }

    private static string Path => JsonSerializer.Serialize(DemoModel.Folder.FolderPath);

    private static string Question(string ask) => $$"""{ "Ask": "{{ask}}", "Answer": "YesNo" }""";

    private static string Json(int? context, string question) => $$"""
        { "MobileVlm": {
          "Model": { "Path": {{Path}} {{(context is null ? "" : $", \"ContextTokens\": {context}")}} },
          "Mqtt": { "Broker": "embedded" },
          "Cameras": { "b": { "Source": "pattern:", "Questions": {
            "q": {{question}} } } } } }
        """;

    [GeneratedRegex(@"needs (\d+) tokens")]
    private static partial Regex Needed();
}
