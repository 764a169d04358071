using System.Globalization;
using MobileVlm.Edge.Connectors.Mqtt.Client;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;
using MobileVlm.Edge.Connectors.Mqtt.Topics;

namespace MobileVlm.Edge.Connectors.Tests.Mqtt;

public sealed class NamesAndTextTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(255)]
    public void Text_that_fits_a_state_stays_as_it_is(int length)
    {
        var text = new string('x', length);

        Assert.Same(text, StateText.Cut(text));
    }

    [Fact]
    public void Longer_text_is_cut_and_marked()
    {
        Assert.Equal(new string('x', 254) + "…", StateText.Cut(new string('x', 256)));
        Assert.Equal(new string('x', 253) + "…", StateText.Cut(new string('x', 253) + " yyy"));
    }

    [Theory]
    [InlineData("🐕")]
    [InlineData("e\u0301")]
    [InlineData("👩‍👩‍👧‍👦")]
    public void A_cut_never_splits_what_is_seen_as_one_character(string element)
    {
        for (var lead = 240; lead <= 255; lead++)
        {
            var text = new string('x', lead) + string.Concat(Enumerable.Repeat(element, 20));

            var cut = StateText.Cut(text);

            Assert.InRange(cut.Length, 240, StateText.MaxLength);
            Assert.EndsWith("…", cut, StringComparison.Ordinal);
            Assert.StartsWith(cut[..^1], text, StringComparison.Ordinal);
            var seen = StringInfo.ParseCombiningCharacters(text);
            Assert.Contains(cut.Length - 1, seen);
        }
    }

    [Fact]
    public void Accents_without_end_are_cut_between_code_points()
    {
        var cut = StateText.Cut("e" + new string('\u0301', 400));

        Assert.Equal(StateText.MaxLength, cut.Length);
    }

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
    public void A_topic_that_cannot_be_used_says_why(string? topic, string said) =>
        Assert.Contains(said, TopicName.Fault(topic), StringComparison.Ordinal);

    [Fact]
    public void A_topic_with_half_a_surrogate_pair_says_why() =>
        Assert.Contains("surrogate", TopicName.Fault("a\ud83d"), StringComparison.Ordinal);

    [Fact]
    public void The_length_of_a_topic_counts_in_bytes()
    {
        Assert.Null(TopicName.Fault(new string('ö', 256)));
        Assert.Contains("514 bytes", TopicName.Fault(new string('ö', 257)), StringComparison.Ordinal);
    }

    [Fact]
    public void The_client_id_of_a_node_can_be_used() => Assert.Null(MqttClientId.Fault(MqttClientId.ForNode("edge-1")));

    [Theory]
    [InlineData("", "empty")]
    [InlineData("a b", "' '")]
    [InlineData("ö", "'ö'")]
    public void A_client_id_that_cannot_be_used_says_why(string id, string said) =>
        Assert.Contains(said, MqttClientId.Fault(id), StringComparison.Ordinal);

    [Fact]
    public void A_client_id_has_a_longest_length() => Assert.NotNull(MqttClientId.Fault(new string('a', 65)));
}
