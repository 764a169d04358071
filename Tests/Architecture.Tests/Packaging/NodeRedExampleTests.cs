using System.Text.Json.Nodes;

namespace MobileVlm.Edge.Architecture.Tests.Packaging;

/// <summary>The importable flow for Node-RED. Tests/NodeRed/check.mjs runs it in a real Node-RED.</summary>
public sealed class NodeRedExampleTests
{
    [Fact]
    public void Every_node_is_wired_to_nodes_that_exist_and_every_example_has_a_comment()
    {
        var flow = JsonNode.Parse(File.ReadAllText(Path.Combine(Repository.Root, "Deploy", "node-red", "examples.json")))!.AsArray();
        var ids = flow.Select(it => it!["id"]!.ToString()).ToList();
        Assert.Equal(ids.Distinct(), ids);
        Assert.All(flow, node =>
        {
            var references = (node!["wires"]?.AsArray() ?? []).SelectMany(it => it!.AsArray()).Select(it => it!.ToString());
            Assert.Empty(references.Except(ids));
            Assert.True(node["z"] is null || ids.Contains(node["z"]!.ToString()));
            Assert.True(node["broker"] is null || node["type"]!.ToString() == "mqtt-broker" || ids.Contains(node["broker"]!.ToString()));
        });
        Assert.Equal(3, flow.Count(it => it!["type"]!.ToString() == "comment"));

        // Commands must not be retained: the service ignores them then.
        Assert.All(flow.Where(it => it!["type"]!.ToString() == "mqtt out"), it => Assert.Equal("false", it!["retain"]!.ToString()));
    }
}
