using MobileVlm.Edge.Connectors.Mqtt.Topics;

namespace MobileVlm.Edge.Connectors.Tests.Mqtt.Topics;

public sealed class TopicNameTests
{
    [Theory]
    [InlineData("mobilevlm/edge-1/gate/person/state")]
    [InlineData("größe/öffnung")]
    [InlineData("with space")]
    public void An_ordinary_topic_has_no_fault(string topic) => Assert.Null(TopicName.Fault(topic));

    [Theory]
    [InlineData(null, "empty")]
    [InlineData("", "empty")]
    [InlineData("a/+/b", "wildcard '+'")]
    [InlineData("a/#", "wildcard '#'")]
    [InlineData("a\0b", "U+0000")]
    [InlineData("a\nb", "U+000A")]
    [InlineData("$SYS/a", "'$'")]
    [InlineData("/a", "empty level")]
    [InlineData("a/", "empty level")]
    [InlineData("a//b", "empty level")]
    public void A_topic_that_cannot_be_used_is_refused_with_the_reason(string? topic, string expected) =>
        Assert.Contains(expected, TopicName.Fault(topic), StringComparison.Ordinal);

    [Fact]
    public void A_topic_with_half_a_surrogate_pair_is_refused_with_the_reason() =>
        Assert.Contains("surrogate", TopicName.Fault("a\ud83d"), StringComparison.Ordinal);

    [Fact]
    public void The_length_of_a_topic_counts_in_bytes()
    {
        Assert.Null(TopicName.Fault(new string('ö', 256)));
        Assert.Contains("514 bytes", TopicName.Fault(new string('ö', 257)), StringComparison.Ordinal);
    }
}
