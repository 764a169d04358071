using MobileVlm.Edge.Connectors.Mqtt.Client;

namespace MobileVlm.Edge.Connectors.Tests.Mqtt.Client;

public sealed class MqttClientIdTests
{
    [Fact]
    public void The_client_id_of_a_node_can_be_used() => Assert.Null(MqttClientId.Fault(MqttClientId.ForNode("edge-1")));

    [Theory]
    [InlineData("", "empty")]
    [InlineData("a b", "' '")]
    [InlineData("ö", "'ö'")]
    public void A_client_id_that_cannot_be_used_is_refused_with_the_reason(string id, string expected) =>
        Assert.Contains(expected, MqttClientId.Fault(id), StringComparison.Ordinal);

    [Fact]
    public void A_client_id_has_a_longest_length() => Assert.NotNull(MqttClientId.Fault(new string('a', 65)));
}
