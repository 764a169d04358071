using System.Text.Json;
using MobileVlm.Edge.Connectors.Http.Completions;
using MobileVlm.Edge.Connectors.Http.Server;

namespace MobileVlm.Edge.Connectors.Tests.Http;

public sealed class StructuredOutputTests
{
    private static StructuredOutput Read(string schema) => StructuredOutput.Read(JsonDocument.Parse(schema).RootElement);

    private static string Fill(string schema, params string[] values) => Read(schema).Fill(values)!.ToJsonString();

    [Fact]
    public void Keys_come_in_the_order_of_the_properties_whatever_is_required()
    {
        const string Schema = """
            {"type":"object","required":["count","person"],"additionalProperties":false,"title":"Scene",
             "properties":{"person":{"type":"boolean","title":"Person"},"count":{"type":"integer","minimum":0.0},"weather":{"enum":["sunny","rainy"]},"note":{"type":"string"}}}
            """;
        Assert.Equal("""{"person":false,"count":3,"weather":"rainy","note":"A gate."}""", Fill(Schema, "false", "There are 3.", "rainy", "A gate."));
        Assert.Equal([FieldKind.Boolean, FieldKind.Text, FieldKind.Choice, FieldKind.Text], Read(Schema).Questions("x").Select(question => question.Kind));
    }

    [Fact]
    public void A_single_value_is_asked_with_the_text_of_the_user_and_several_with_their_names_or_descriptions()
    {
        Assert.Equal("Is there a person?", Read("""{"properties":{"person":{"type":"boolean"}}}""").Questions("Is there a person?")[0].Text);
        Assert.Equal(
            ["Look.\nperson count?", "Look.\nIs the gate open?"],
            Read("""{"properties":{"personCount":{"type":"integer"},"open":{"type":"boolean","description":"Is the gate open?"}}}""").Questions("Look.").Select(question => question.Text));
    }

    [Theory]
    [InlineData("integer", "", "Two people.", "2")]
    [InlineData("integer", "", "None at all.", "0")]
    [InlineData("integer", ",\"maximum\":5", "There are 12.", "5")]
    [InlineData("integer", ",\"minimum\":1", "I cannot see.", "1")]
    [InlineData("number", "", "About -1.5 degrees", "-1.5")]
    public void A_number_is_read_from_what_the_model_wrote(string type, string more, string written, string expected) =>
        Assert.Equal($$$"""{"n":{{{expected}}}}""", Fill($$$$"""{"properties":{"n":{"type":"{{{{type}}}}"{{{{more}}}}}}}""", written));

    [Fact]
    public void References_alternatives_with_null_and_nested_objects_are_followed()
    {
        const string Schema = """
            {"$defs":{"Car":{"type":"object","properties":{"color":{"type":"string","maxLength":3},"parked":{"anyOf":[{"type":"null"},{"type":"boolean"}]}}}},
             "properties":{"car":{"$ref":"#/$defs/Car"},"kind":{"const":"scene"},"age":{"type":["null","integer"]}}}
            """;
        Assert.Equal("""{"car":{"color":"red","parked":true},"kind":"scene","age":null}""", Fill(Schema, "reddish", "true", "unknown"));
    }

    [Fact]
    public void A_list_of_texts_is_split_and_bounded() =>
        Assert.Equal("""{"seen":["a car","a dog"]}""", Fill("""{"properties":{"seen":{"type":"array","items":{"type":"string"},"minItems":1,"maxItems":2}}}""", "a car, a dog, a cat."));

    [Fact]
    public void A_text_is_never_cut_inside_a_character() =>
        Assert.Equal("{\"t\":\"a\"}", Fill("""{"properties":{"t":{"type":"string","maxLength":2}}}""", "a😀"));

    [Theory]
    [InlineData("""{"properties":{"a":{"oneOf":[]}}}""", "oneOf")]
    [InlineData("""{"properties":{"a":{"type":"string","pattern":"^a"}}}""", "pattern")]
    [InlineData("""{"properties":{"a":{"type":"array","items":{"type":"object"}}}}""", "items")]
    [InlineData("""{"properties":{"a":{"$ref":"#/$defs/None"}}}""", "$ref")]
    [InlineData("""{"properties":{"a":{"enum":["A","a"]}}}""", "enum")]
    [InlineData("""{"properties":{"a":{"$ref":"#"}}}""", "")]
    public void What_is_not_supported_is_refused_by_name(string schema, string named)
    {
        var refused = Assert.Throws<HttpFailureException>(() => Read(schema));
        Assert.Equal(400, refused.Status);
        Assert.Contains(named, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_large_limit_of_a_schema_costs_nothing() =>
        Assert.Equal("""{"t":"x"}""", Fill("""{"properties":{"t":{"type":"string","minLength":150,"maxLength":2000000000}}}""", "x"));
}
