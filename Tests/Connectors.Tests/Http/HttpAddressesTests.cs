using System.Net;
using MobileVlm.Edge.Connectors.Http.Server;

namespace MobileVlm.Edge.Connectors.Tests.Http;

public sealed class HttpAddressesTests
{
    [Theory]
    [InlineData("127.0.0.1:8080", "127.0.0.1", 8080)]
    [InlineData("localhost:0", "127.0.0.1", 0)]
    [InlineData("[::]:8080", "::", 8080)]
    [InlineData("[::1]:65535", "::1", 65535)]
    public void An_address_to_listen_at_is_parsed(string text, string address, int port)
    {
        Assert.True(HttpAddresses.TryParseListen(text, out var parsed));
        Assert.Equal(new IPEndPoint(IPAddress.Parse(address), port), parsed);
    }

    [Theory]
    [InlineData("8080")]
    [InlineData(":8080")]
    [InlineData("127.0.0.1")]
    [InlineData("127.0.0.1:65536")]
    [InlineData("127.0.0.1:-1")]
    [InlineData("::1:8080")]
    [InlineData("[127.0.0.1]:8080")]
    [InlineData("edge.example:8080")]
    public void Anything_else_is_refused(string text) => Assert.False(HttpAddresses.TryParseListen(text, out _));

    [Theory]
    [InlineData("192.168.1.5", "192.168.1.5", true)]
    [InlineData("192.168.1.5", "192.168.1.6", false)]
    [InlineData("192.168.1.77/24", "192.168.1.6", true)]
    [InlineData("192.168.1.0/24", "::ffff:192.168.1.6", true)]
    [InlineData("192.168.1.0/24", "192.168.2.6", false)]
    [InlineData("fd00::/8", "fd12::1", true)]
    public void A_network_contains_its_addresses(string network, string address, bool contains)
    {
        Assert.True(HttpAddresses.TryParseNetwork(network, out var parsed));
        Assert.Equal(contains, IPAddress.Parse(address).IsIn([parsed]));
    }

    [Theory]
    [InlineData("192.168.1")]
    [InlineData("192.168.1.0/33")]
    [InlineData("network")]
    [InlineData("192.168.1.0/")]
    public void A_network_that_is_none_is_refused(string text) => Assert.False(HttpAddresses.TryParseNetwork(text, out _));
}
