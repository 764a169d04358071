namespace MobileVlm.Edge.EndToEnd.Tests.Configuration;

public sealed class ConfigurationErrorTests : IDisposable
{
    private readonly ConfigurationFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void All_errors_are_listed_at_once_with_key_value_and_line()
    {
        var refused = _fixture.Refused("""
            { "MobileVlm": {
              "Node": "a/b",
              "Model": { "Threads": 999, "Target": "gpu" },
              "Mqtt": { "Broker": "tcp://host", "Porrt": 1 },
              "Cameras": { "stats": { "Source": "ftp://x", "Questions": {
                "reply": { "Ask": "", "Answer": "Maybe", "Every": 2, "MaxTokens": 0 } } } } } }
            """);

        Assert.Equal(
            [
                "MobileVlm:Node", "MobileVlm:Model:Path", "MobileVlm:Model:Target", "MobileVlm:Model:Threads",
                "MobileVlm:Mqtt:Broker", "MobileVlm:Mqtt:Porrt", "MobileVlm:Cameras:stats", "MobileVlm:Cameras:stats:Source",
                "MobileVlm:Cameras:stats:Questions:reply", "MobileVlm:Cameras:stats:Questions:reply:Ask",
                "MobileVlm:Cameras:stats:Questions:reply:Answer", "MobileVlm:Cameras:stats:Questions:reply:Every",
                "MobileVlm:Cameras:stats:Questions:reply:MaxTokens",
            ],
            refused.Errors.Select(error => error.Key));
        Assert.Contains("13 errors", refused.Message, StringComparison.Ordinal);
        Assert.Contains("\n  MobileVlm:Model:Threads = '999' is out of range; 0 to 256 would be accepted [line 3]", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"Threads\": \"many\"", "whole number")]
    [InlineData("\"Threads\": 1.5", "whole number")]
    [InlineData("\"Threads\": 99999999999", "whole number")]
    [InlineData("\"Threads\": true", "whole number")]
    [InlineData("\"Threads\": {}", "not a single value")]
    [InlineData("\"Threads\": [1]", "not a single value")]
    [InlineData("\"Threads\": \"\"", "is empty")]
    [InlineData("\"ContextTokens\": 255", "256 to 4096")]
    [InlineData("\"ContextTokens\": 4097", "256 to 4096")]
    [InlineData("\"Target\": \"gpu\"", "is not a target; cpu, cuda, cuda:N (the GPU number N, from 0) or auto would be accepted")]
    [InlineData("\"Target\": \"cuda:x\"", "is not a target; cpu, cuda, cuda:N (the GPU number N, from 0) or auto would be accepted")]
    [InlineData("\"Target\": 1", "is not a text; it would be accepted in quotes")]
    public void An_invalid_model_setting_is_reported_with_what_would_be_accepted(string setting, string expected) =>
        Assert.Contains(expected, _fixture.Error(ConfigurationFixture.Small(model: ", " + setting)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("\"Every\": 2", "such as '00:00:02'")]
    [InlineData("\"Every\": 90", "such as '00:01:30'")]
    [InlineData("\"Every\": \"24:00:00\"", "is not a time")]
    [InlineData("\"Every\": \"-00:00:01\"", "is not a time")]
    [InlineData("\"Every\": \"2s\"", "is not a time")]
    [InlineData("\"Every\": \"8.00:00:00\"", "is out of range")]
    [InlineData("\"MaxTokens\": 0", "1 to 1024")]
    [InlineData("\"MaxTokens\": 1025", "1 to 1024")]
    public void An_invalid_question_setting_is_reported_with_what_would_be_accepted(string setting, string expected) =>
        Assert.Contains(expected, _fixture.Error(ConfigurationFixture.Small(question: ", " + setting)).Message, StringComparison.Ordinal);

    [Fact]
    public void An_answer_that_cannot_fit_after_its_frame_is_refused()
    {
        var json = ConfigurationFixture.Small(question: ", \"MaxTokens\": 880");

        Assert.Equal(880, _fixture.Read(json).Options.Cameras["gate"].Questions["person"].MaxTokens);
        Assert.Contains(
            "less than 880 would be accepted",
            _fixture.Error(json.Replace("YesNo", "Text", StringComparison.Ordinal)).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"StateFolder\": \"a\\u0000b\"")]
    [InlineData("\"State\\u0000Folder\": \"ab\"")]
    public void The_character_with_code_0_is_refused_with_the_key_that_holds_it(string setting)
    {
        var error = _fixture.Error(ConfigurationFixture.Small(more: ", " + setting));

        Assert.Equal("MobileVlm:StateFolder", error.Key);
        Assert.Contains("code 0", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("state/", "names a folder")]
    [InlineData("state/..", "names a folder")]
    public void An_outbox_must_be_a_file(string path, string expected)
    {
        var error = _fixture.Error(ConfigurationFixture.Small(more: $$""", "Outbox": { "Path": "{{path}}" } """));
        Assert.Equal("MobileVlm:Outbox:Path", error.Key);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("YesNo", "0", "'YesNo' or 'Choice'")]
    [InlineData("YesNo", "Boolean", "'YesNo' or 'Choice'")]
    [InlineData("Is there a person?", " ", "is empty")]
    public void A_question_needs_words_and_a_known_kind_of_answer(string from, string to, string expected) =>
        Assert.Contains(expected, _fixture.Error(ConfigurationFixture.Small().Replace(from, to, StringComparison.Ordinal)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_question_of_more_than_1000_characters_is_refused_and_shown_shortened()
    {
        var error = _fixture.Error(ConfigurationFixture.Small().Replace("Is there a person?", new string('a', 1001), StringComparison.Ordinal));

        Assert.Contains("1001 characters", error.Message, StringComparison.Ordinal);
        Assert.True(error.Value!.Length < 100);
    }

    [Theory]
    [InlineData("\"Speed\": 0", "0.01 to 100")]
    [InlineData("\"Speed\": \"NaN\"", "number")]
    [InlineData("\"Loop\": 1", "'true' or 'false'")]
    [InlineData("\"Pace\": \"0\"", "'Real' or 'Fast'")]
    [InlineData("\"MaxFrameRate\": 0", "0.001 to 240")]
    [InlineData("\"MaxWidth\": 9000", "0, or 32 to 8192")]
    [InlineData("\"MaxWidth\": 1", "0, or 32 to 8192")]
    [InlineData("\"RtspTransport\": \"quic\"", "'tcp' or 'udp'")]
    [InlineData("\"OpenTimeout\": \"00:00:00\"", "00:00:01 to 00:10:00")]
    [InlineData("\"StallTimeout\": \"1.00:00:00\"", "00:00:01 to 01:00:00")]
    public void An_invalid_camera_setting_is_reported_with_what_would_be_accepted(string setting, string expected) =>
        Assert.Contains(expected, _fixture.Error(ConfigurationFixture.Small(camera: ", " + setting)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("ftp://host/x", "unknown scheme 'ftp'")]
    [InlineData("rtsp:/10.0.0.5/x", "an address without '//'")]
    [InlineData("pattern:1x1", "out of range")]
    [InlineData("gst:", "pipeline is empty")]
    public void The_message_explains_why_a_source_is_invalid(string source, string expected) =>
        Assert.Contains(expected, _fixture.Error(ConfigurationFixture.Small().Replace("pattern:", source, StringComparison.Ordinal)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("availability")]
    [InlineData("stats")]
    [InlineData("front door")]
    [InlineData("a/b")]
    [InlineData("tür")]
    public void A_camera_whose_name_cannot_be_part_of_a_topic_is_refused(string name) =>
        Assert.Equal(
            $"MobileVlm:Cameras:{name}",
            _fixture.Error(ConfigurationFixture.Small().Replace("gate", name, StringComparison.Ordinal)).Key);

    [Theory]
    [InlineData("availability")]
    [InlineData("snapshot")]
    [InlineData("ask")]
    [InlineData("reply")]
    public void A_question_with_the_name_of_a_topic_is_refused(string name) =>
        Assert.Contains(
            "cannot name a question",
            _fixture.Error(ConfigurationFixture.Small().Replace("\"person\"", $"\"{name}\"", StringComparison.Ordinal)).Message,
            StringComparison.Ordinal);

    [Fact]
    public void Names_have_a_maximum_length() =>
        Assert.Contains(
            "up to 64 characters",
            _fixture.Error(ConfigurationFixture.Small().Replace("gate", new string('a', 65), StringComparison.Ordinal)).Message,
            StringComparison.Ordinal);

    [Theory]
    [InlineData("""{ "MobileVlm": { "Model": { "Path": "a" }, "Mqtt": { "Broker": "embedded" } } }""", "names no camera")]
    [InlineData("""{ "MobileVlm": { "Model": { "Path": "a" }, "Mqtt": { "Broker": "embedded" }, "Cameras": {} } }""", "names no camera")]
    [InlineData("""{ "MobileVlm": { "Model": { "Path": "a" }, "Mqtt": { "Broker": "embedded" }, "Cameras": [] } }""", "is a list")]
    [InlineData("""{ "MobileVlm": { "Model": { "Path": "a" }, "Mqtt": { "Broker": "embedded" }, "Cameras": { "a": { "Source": "pattern:" } } } }""", "asks nothing")]
    public void A_configuration_without_questions_is_refused(string json, string expected)
    {
        var error = _fixture.Error(json);

        Assert.Equal("MobileVlm:Cameras", error.Key);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_empty_object_lacks_the_required_keys() =>
        Assert.Equal(
            ["MobileVlm:Model:Path", "MobileVlm:Mqtt:Broker", "MobileVlm:Cameras"],
            _fixture.Refused("{}").Errors.Select(error => error.Key));

    [Theory]
    [InlineData("\"Node\": \"a\"", "MobileVlm:Nod", "Node")]
    [InlineData("\"Model\": {", "MobileVlm:Model:Thread", "Threads")]
    [InlineData("\"Mqtt\": {", "MobileVlm:Mqtt:Brocker", "Broker")]
    [InlineData("\"gate\": {", "MobileVlm:Cameras:gate:Sorce", "Source")]
    [InlineData("\"person\": {", "MobileVlm:Cameras:gate:Questions:person:Evry", "Every")]
    public void An_unknown_key_is_refused_with_the_closest_known_one(string before, string key, string suggestion)
    {
        var json = ConfigurationFixture.Small(more: ", \"Node\": \"a\"").Replace(
            before, before.EndsWith('{') ? $"{before} \"{Last(key)}\": \"hunter2\"," : $"{before}, \"{Last(key)}\": 1", StringComparison.Ordinal);

        var error = _fixture.Error(json);

        Assert.Equal((key, null), (error.Key, error.Value));
        Assert.Contains($"did you mean '{suggestion}'?", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_section_is_refused_with_the_one_that_was_meant() =>
        Assert.Contains("did you mean 'MobileVlm'?", _fixture.Error(ConfigurationFixture.Small()[..^1] + ", \"MobilVlm\": {} }").Message, StringComparison.Ordinal);

    [Fact]
    public void A_key_in_the_wrong_group_is_reported_with_the_right_group() =>
        Assert.Contains(
            "it belongs to MobileVlm:Cameras:<camera>:Questions:<question>",
            _fixture.Error(ConfigurationFixture.Small(more: ", \"Every\": \"00:00:02\"")).Message,
            StringComparison.Ordinal);

    [Fact]
    public void A_key_that_resembles_no_other_is_reported_with_all_known_keys() =>
        Assert.Contains("known here: Ffmpeg, GstLaunch", _fixture.Error(ConfigurationFixture.Small(more: ", \"Tools\": { \"Zebra\": 1 }")).Message, StringComparison.Ordinal);

    [Fact]
    public void A_key_given_twice_in_different_case_is_refused_with_both_lines()
    {
        var error = _fixture.Error(ConfigurationFixture.Small(more: ",\n\"Node\": \"a\",\n\"node\": \"b\""));

        Assert.Equal("MobileVlm:node", error.Key);
        Assert.Contains("first as 'Node' in line 7", error.Message, StringComparison.Ordinal);
        Assert.Equal("line 8", error.Origin);
    }

    [Theory]
    [InlineData("\"Restarts\": -1", "0 to 1000")]
    [InlineData("\"MaxFrameAge\": \"00:00:00\"", "00:00:00.1 to 01:00:00")]
    [InlineData("\"StopWithin\": \"00:10:00\"", "00:00:01 to 00:05:00")]
    [InlineData("\"StatsEvery\": \"00:00:00\"", "00:00:01 to 1.00:00:00")]
    [InlineData("\"RestartWindow\": \"00:00:00\"", "00:00:01 to 7.00:00:00")]
    [InlineData("\"Overlap\": \"yes\"", "'true' or 'false'")]
    public void An_invalid_pipeline_setting_is_reported_with_what_would_be_accepted(string setting, string expected) =>
        Assert.Contains(expected, _fixture.Error(ConfigurationFixture.Small(more: $", \"Pipeline\": {{ {setting} }}")).Message, StringComparison.Ordinal);

    [Fact]
    public void A_value_with_line_breaks_stays_one_line_of_the_message() =>
        Assert.Equal("a??b", _fixture.Error(ConfigurationFixture.Small(more: ", \"Node\": \"a\\r\\nb\"")).Value);

    private static string Last(string key) => key[(key.LastIndexOf(':') + 1)..];
}
