using System.Text;
using MobileVlm.Edge.Connectors.Mqtt.AdHoc;
using MobileVlm.Edge.Connectors.Mqtt.Client;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;
using MobileVlm.Edge.Connectors.Mqtt.Topics;
using MobileVlm.Edge.Tests.Shared;

namespace MobileVlm.Edge.Connectors.Tests.Mqtt.AdHoc;

public sealed class AskParserTests
{
    private static readonly SchemaCheck Schema = new(Path.Combine(AppContext.BaseDirectory, "schemas", "ask.schema.json"));

    private readonly AskParser _reader = new(new AskLimits());

    [Fact]
    public void A_bare_text_is_the_question()
    {
        var (request, _, _, fault) = _reader.Read(Message("  Wer ist da? \n"), "gate");
        Assert.Null(fault);
        Assert.Equal(
            ("Wer ist da?", "gate", AnswerType.Text, 64, TimeSpan.FromSeconds(30)),
            (request!.Question, request.Camera, request.Type, request.MaxTokens, request.Deadline));
    }

    [Fact]
    public void An_object_can_set_every_field()
    {
        const string Text = """
            {"id": "7", "question": "Colour?", "answer": "choice", "choices": ["red", "blue"], "maxTokens": 5,
             "deadlineMs": 1500, "replyTo": "replies/x"}
            """;
        var (request, id, replyTo, fault) = _reader.Read(Message(Text), "gate");
        Assert.Null(fault);
        Assert.Empty(Schema.Faults(Encoding.UTF8.GetBytes(Text)));
        Assert.Equal(("7", "replies/x"), (id, replyTo));
        Assert.Equal(["red", "blue"], request!.Choices);
        Assert.Equal((AnswerType.Choice, 5, TimeSpan.FromSeconds(1.5)), (request.Type, request.MaxTokens, request.Deadline));
    }

    [Theory]
    [InlineData("""{"question": "Who?", "answer": "Number"}""", "answer")]
    [InlineData("""{"question": "Who?", "answer": "0"}""", "answer")]
    [InlineData("""{"question": "Who?", "answer": 1}""", "answer")]
    [InlineData("""{"question": ""}""", "question")]
    [InlineData("""{"question": "   "}""", "question")]
    [InlineData("""{"question": 3}""", "question")]
    [InlineData("""{"id": "1"}""", "question")]
    [InlineData("""{"question": "Who?", "deadlineMs": 0}""", "deadlineMs")]
    [InlineData("""{"question": "Who?", "deadlineMs": 1.5}""", "deadlineMs")]
    [InlineData("""{"question": "Who?", "maxTokens": -1}""", "maxTokens")]
    [InlineData("""{"question": "Who?", "id": ""}""", "id")]
    [InlineData("""{"question": "Who?", "colour": "red"}""", "colour")]
    [InlineData("""{"question": "Who?", "answer": "Choice"}""", "choices")]
    [InlineData("""{"question": "Who?", "answer": "Choice", "choices": ["one"]}""", "choices")]
    [InlineData("""{"question": "Who?", "answer": "Choice", "choices": ["a", ""]}""", "choices")]
    [InlineData("""{"question": "Who?", "answer": "Choice", "choices": ["a", 1]}""", "choices")]
    [InlineData("""{"question": "Who?", "choices": ["a", "b"]}""", "choices")]
    [InlineData("""{"question": "Who?", "picture": 5}""", "picture")]
    public void A_fault_is_named_by_its_field_and_the_schema_sees_it_too(string text, string field)
    {
        var reading = _reader.Read(Message(text), "gate");
        Assert.Null(reading.Request);
        Assert.Equal(field, reading.Fault?.Field);
        Assert.Contains($"\"{field}\"", reading.Fault!.Message, StringComparison.Ordinal);
        if (text.Contains("\"   \"", StringComparison.Ordinal))
        {
            // A question of blanks is more than a schema can express.
            return;
        }

        Assert.NotEmpty(Schema.Faults(Encoding.UTF8.GetBytes(text)));
    }

    [Theory]
    [InlineData("""{"question": "Who?", "camera": "yard"}""", "camera")]
    [InlineData("""{"question": "Who?", "maxTokens": 65}""", "maxTokens")]
    [InlineData("""{"question": "Who?", "deadlineMs": 300001}""", "deadlineMs")]
    [InlineData("""{"question": "Who?", "answer": "Choice", "choices": ["a", "A"]}""", "choices")]
    [InlineData("""{"question": "Who?", "picture": "no base64!"}""", "picture")]
    [InlineData("""{"question": "Who\u0001?"}""", "question")]
    public void What_only_this_device_can_know_is_named_as_well(string text, string field) =>
        Assert.Equal(field, _reader.Read(Message(text), "gate").Fault?.Field);

    [Theory]
    [InlineData("""{"question": "\u00a0\u200b\ufeff\u2060"}""", "missing or empty")]
    [InlineData("""{"question": "Who?", "picture": "data:image/png;base64,iVBORw0KGgo="}""", "what follows its comma")]
    [InlineData("""{"question": "Who?", "picture": "http://10.0.0.5/snapshot.jpg"}""", "this service downloads nothing")]
    public void An_empty_question_and_a_picture_in_another_form_get_a_remedy(string text, string expected)
    {
        var reading = _reader.Read(Message(text), "gate");
        Assert.Null(reading.Request);
        Assert.Contains(expected, reading.Fault!.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\u200b")]
    [InlineData("\ufeff \u2060")]
    public void A_bare_question_without_visible_text_is_refused(string text) =>
        Assert.Equal("question", _reader.Read(Message(text), "gate").Fault?.Field);

    [Fact]
    public void Choices_that_do_not_fit_the_context_together_are_refused()
    {
        var choices = string.Join(", ", Enumerable.Range(0, 16).Select(i => $"\"{i:00}{new string('x', 60)}\""));
        var reading = _reader.Read(Message($$"""{"question": "Which?", "answer": "Choice", "choices": [{{choices}}]}"""), "gate");
        Assert.Equal("choices", reading.Fault?.Field);
        Assert.Contains("together", reading.Fault!.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("  \r\n")]
    [InlineData("{")]
    [InlineData("""{"question": "a", "question": "b"}""")]
    [InlineData("""{"question": {"a": {"b": {"c": {"d": 1}}}}}""")]
    [InlineData("""{"question": "a"} and more""")]
    public void A_message_that_is_not_a_request_is_refused_as_a_whole(string text)
    {
        var reading = _reader.Read(Message(text), "gate");
        Assert.NotNull(reading.Fault);
        Assert.Null(reading.Fault.Field);
    }

    [Fact]
    public void Bytes_that_are_not_text_are_refused()
    {
        var reading = _reader.Read(new InboundMessage("t", new byte[] { 0xFF, 0xFE, 0x41 }, false), "gate");
        Assert.Contains("UTF-8", reading.Fault?.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_id_comes_back_with_a_fault()
    {
        var reading = _reader.Read(Message("""{"id": "mine", "question": ""}"""), "gate");
        Assert.Equal("mine", reading.Id);
        Assert.NotNull(reading.Fault);
    }

    [Fact]
    public void A_question_is_counted_in_bytes_because_each_may_be_a_token()
    {
        Assert.NotNull(_reader.Read(Message(new string('x', 512)), "gate").Request);
        Assert.Equal("question", _reader.Read(Message(new string('x', 513)), "gate").Fault?.Field);
        Assert.Equal("question", _reader.Read(Message(string.Concat(Enumerable.Repeat("是", 171))), "gate").Fault?.Field);
    }

    [Fact]
    public void On_the_nodes_own_topic_a_camera_or_a_picture_is_needed()
    {
        Assert.Equal("camera", _reader.Read(Message("Who?"), null).Fault?.Field);
        Assert.Equal("yard", _reader.Read(Message("""{"question": "Who?", "camera": "yard"}"""), null).Request?.Camera);
        var request = _reader.Read(Message("""{"question": "Who?", "picture": "AAEC"}"""), null).Request;
        Assert.Equal([0, 1, 2], request!.Picture!.Value.ToArray());
    }

    [Fact]
    public void A_message_that_expires_sooner_is_the_deadline() =>
        Assert.Equal(
            TimeSpan.FromSeconds(2),
            _reader.Read(Message("Who?") with { ExpiresIn = TimeSpan.FromSeconds(2) }, "gate").Request?.Deadline);

    [Fact]
    public void The_error_of_a_message_that_was_too_long_gives_its_length()
    {
        var reading = _reader.Read(new InboundMessage("t", ReadOnlyMemory<byte>.Empty, false) { RejectedLength = 5_000_000 }, "gate");
        Assert.Contains("5000000", reading.Fault?.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("replies/x", true)]
    [InlineData("mobilevlm/replies/a/b", true)]
    [InlineData("replies/", false)]
    [InlineData("replies", false)]
    [InlineData("other/x", false)]
    [InlineData("mobilevlm/edge-1/reply", false)]
    [InlineData("mobilevlm/edge-1", false)]
    [InlineData("mobilevlm/edge-2/gate/person/enabled/set", false)]
    [InlineData("replies/#", false)]
    [InlineData("replies/a\u0000", false)]
    public void Answers_go_only_below_the_allowed_beginnings(string topic, bool allowed) => Assert.Equal(
        allowed,
        new ReplyTopics(["mobilevlm/replies/", "replies/"], new NodeTopics("mobilevlm", "edge-1")).Fault(topic) is null);

    [Fact]
    public void No_prefix_opens_the_nodes_own_topics()
    {
        var replies = new ReplyTopics(["mobilevlm/"], new NodeTopics("mobilevlm", "edge-1"));
        Assert.Null(replies.Fault("mobilevlm/edge-12/x"));
        Assert.NotNull(replies.Fault("mobilevlm/edge-1/gate/person/state"));
        Assert.NotNull(replies.Fault($"mobilevlm/{new string('x', 300)}"));
    }

    [Theory]
    [InlineData("mobilevlm/edge-1/ask", CommandKind.Ask, null, null)]
    [InlineData("mobilevlm/edge-1/gate/ask", CommandKind.Ask, "gate", null)]
    [InlineData("mobilevlm/edge-1/gate/person/enabled/set", CommandKind.Enable, "gate", "person")]
    public void A_command_topic_yields_its_kind_camera_and_question(string topic, CommandKind kind, string? camera, string? question) =>
        Assert.Equal(new MqttCommand(kind, camera, question), new NodeTopics("mobilevlm", "edge-1").ReadCommand(topic));

    [Theory]
    [InlineData("mobilevlm/edge-1/gate/person/enabled")]
    [InlineData("mobilevlm/edge-1/gate/person/ask")]
    [InlineData("mobilevlm/edge-12/ask")]
    [InlineData("mobilevlm/edge-1")]
    public void Other_topics_yield_no_command(string topic) => Assert.Null(new NodeTopics("mobilevlm", "edge-1").ReadCommand(topic));

    private static InboundMessage Message(string text) => new("t", Encoding.UTF8.GetBytes(text), false);
}
