using MobileVlm.Edge.Deploy.Configuration;

namespace MobileVlm.Edge.EndToEnd.Tests.Configuration;

public sealed class ClusterOptionsTests : IDisposable
{
    private const string Loopback = """ "Cluster": { "Listen": "127.0.0.1:7071", "Nodes": ["127.0.0.1:7072"] } """;

    private const string Camera = """ "Cameras": { "gate": { "Source": "pattern:", "Questions": { "person": { "Ask": "Is there a person?", "Answer": "YesNo" } } } } """;

    private const string Broker = """ "Mqtt": { "Broker": "embedded" } """;

    private readonly ConfigurationFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void A_camera_host_needs_no_model()
    {
        var configuration = _fixture.Read($$"""{ "MobileVlm": { {{Loopback}}, {{Camera}}, {{Broker}} } }""");
        Assert.False(configuration.HasModel);
        Assert.Equal("127.0.0.1:7071", configuration.ToClusterSettings()!.Listen);
        Assert.Null(configuration.ToClusterSettings()!.Certificate);
    }

    [Fact]
    public void An_inference_host_needs_neither_cameras_nor_a_broker()
    {
        var configuration = _fixture.Read($$"""{ "MobileVlm": { {{Loopback}}, "Model": { "Path": "/models/a" } } }""");
        Assert.True(configuration.ToEdgeSettings("m").RunsWithoutCameras);
        Assert.False(configuration.HasBroker);
    }

    [Fact]
    public void A_host_may_have_both()
    {
        var configuration = _fixture.Read($$"""{ "MobileVlm": { {{Loopback}}, {{Camera}}, {{Broker}}, "Model": { "Path": "/models/a" } } }""");
        Assert.True(configuration is { HasModel: true, HasCluster: true });
    }

    [Fact]
    public void A_host_with_neither_cameras_nor_a_model_is_refused() =>
        Assert.Contains(_fixture.Refused($$"""{ "MobileVlm": { {{Loopback}}, {{Broker}} } }""").Errors, error => error.Key == "MobileVlm:Cameras");

    [Fact]
    public void Without_the_section_there_is_no_cluster()
    {
        var configuration = _fixture.Read(ConfigurationFixture.Small());
        Assert.Null(configuration.ToClusterSettings());
    }

    [Fact]
    public void Off_the_loopback_address_the_three_files_are_required()
    {
        var refused = _fixture.Refused($$"""{ "MobileVlm": { "Cluster": { "Listen": "10.0.0.1:7071", "Nodes": ["10.0.0.2:7071"] }, {{Camera}}, {{Broker}} } }""");
        Assert.Equal(
            ["MobileVlm:Cluster:CertificateFile", "MobileVlm:Cluster:KeyFile", "MobileVlm:Cluster:AuthorityFile"],
            refused.Errors.Select(error => error.Key));
        Assert.Contains("other machines can reach 10.0.0.2:7071", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"Listen\": \"127.0.0.1:7071\", \"Nodes\": [\"box-b:7071\"]")]
    [InlineData("\"Nodes\": [\"127.0.0.1:7071\"]")]
    public void A_name_may_lead_anywhere_so_certificates_are_required(string cluster) =>
        Assert.Equal(3, _fixture.Refused($$"""{ "MobileVlm": { "Cluster": { {{cluster}} }, {{Camera}}, {{Broker}} } }""").Errors.Count);

    [Fact]
    public void Part_of_the_files_is_refused_on_loopback_too()
    {
        var file = _fixture.Write(_fixture.Current, "host.crt", "x");
        var refused = _fixture.Refused($$"""{ "MobileVlm": { "Cluster": { "Listen": "127.0.0.1:7071", "Nodes": ["127.0.0.1:7072"], "CertificateFile": "{{file}}" }, {{Camera}}, {{Broker}} } }""");
        Assert.Equal(["MobileVlm:Cluster:KeyFile", "MobileVlm:Cluster:AuthorityFile"], refused.Errors.Select(error => error.Key));
    }

    [Theory]
    [InlineData("0.0.0.0:7071")]
    [InlineData("box-a")]
    [InlineData("box-a:0")]
    [InlineData("http://box-a:7071")]
    [InlineData("[::1]:7071")]
    public void What_others_cannot_reach_is_no_address(string listen) => Assert.Equal(
        "MobileVlm:Cluster:Listen",
        _fixture.Error($$"""{ "MobileVlm": { "Cluster": { "Listen": "{{listen}}", "Nodes": ["127.0.0.1:7072"], "CertificateFile": "a", "KeyFile": "a", "AuthorityFile": "a" }, {{Camera}}, {{Broker}} } }"""
            .Replace("\"a\"", $"\"{_fixture.Write(_fixture.Current, "a", "a")}\"", StringComparison.Ordinal)).Key);

    [Fact]
    public void Listen_without_nodes_is_refused() => Assert.Equal(
        "MobileVlm:Cluster:Nodes",
        _fixture.Error(ConfigurationFixture.Small(more: ", \"Cluster\": { \"Listen\": \"127.0.0.1:7071\" }")).Key);

    [Fact]
    public void The_gate_by_tokens_is_refused_beside_other_hosts() => Assert.Equal(
        "MobileVlm:Cameras:gate:GateTokenCosine",
        _fixture.Error(ConfigurationFixture.Small(camera: ", \"GateTokenCosine\": 0.99", more: $", {Loopback}")).Key);

    [Fact]
    public void The_block_of_the_page_is_accepted()
    {
        var page = File.ReadAllText(ConfigurationFixture.RepositoryFile("Deploy", "docs", "cluster.md"));
        var block = page.Split("```json\n")[1].Split("```")[0].TrimEnd();
        Assert.EndsWith("} } }", block, StringComparison.Ordinal);
        foreach (var name in (string[])["host.crt", "host.key", "authority.crt"])
        {
            block = block.Replace($"/etc/mobilevlm/cluster/{name}", _fixture.Write(_fixture.Current, name, name), StringComparison.Ordinal);
        }

        var configuration = _fixture.Read($"{block[..^"} }".Length]}, {Camera}, {Broker} }} }}");
        Assert.Equal("box-a.lan:7071", configuration.ClusterListen);
        Assert.Equal(2, configuration.Options.Cluster.Nodes.Count);
    }

    [Fact]
    public void Files_that_are_no_certificates_are_named()
    {
        var file = _fixture.Write(_fixture.Current, "a", "a");
        var configuration = _fixture.Read($$"""{ "MobileVlm": { "Cluster": { "Nodes": ["box-b:7071"], "CertificateFile": "{{file}}", "KeyFile": "{{file}}", "AuthorityFile": "{{file}}" }, {{Camera}}, {{Broker}} } }""");
        Assert.Equal("host-7.lan:7071", configuration.ClusterListen);
        Assert.Contains("CertificateFile", Assert.Throws<ClusterCertificateException>(configuration.ToClusterSettings).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_digest_changes_with_a_question_and_not_with_a_password()
    {
        string Digest(string source, string ask) => _fixture.Read($$"""
            { "MobileVlm": { "Model": { "Path": "/models/a" }, {{Broker}}, "Cameras": { "gate": { "Source": "{{source}}", "Questions": { "person": { "Ask": "{{ask}}", "Answer": "YesNo" } } } } } }
            """).ToEdgeSettings("m").ConfigurationDigest!;
        var digest = Digest("rtsp://u:a@10.0.0.1/", "Is there a person?");
        Assert.Matches("^[0-9a-f]{16}$", digest);
        Assert.Equal(digest, Digest("rtsp://u:b@10.0.0.1/", "Is there a person?"));
        Assert.NotEqual(digest, Digest("rtsp://u:a@10.0.0.1/", "Is there a dog?"));
    }
}
