using System.Text;
using System.Text.Json.Nodes;
using MobileVlm.Edge.Connectors.Hub;
using MobileVlm.Edge.Tests.Shared;

namespace MobileVlm.Edge.Connectors.Tests.Hub;

/// <summary>A listing is untrusted input: its values are used only where they cannot do harm.</summary>
public sealed class HubListingTests
{
    [Fact]
    public async Task A_listing_has_the_commit_and_every_file_with_size_and_checksum()
    {
        await using var rig = new HubRig();
        var listing = await rig.Client.ListAsync(HubRig.Id, "refs/pr/1", CancellationToken.None);
        Assert.Equal(FakeHub.Commit, listing.Commit);
        Assert.Equal(["config.json", "model.safetensors"], listing.Files.Select(f => f.Name));
        Assert.Equal((2L, null, 40), (listing.Files[0].Size, listing.Files[0].Sha256, listing.Files[0].BlobId!.Length));
        Assert.Equal((300_000L, 64, null), (listing.Files[1].Size, listing.Files[1].Sha256!.Length, listing.Files[1].BlobId));
        Assert.Equal("/api/models/owner/model/revision/refs%2Fpr%2F1?blobs=true", rig.Server.Requests[0].Path);
    }

    [Theory]
    [InlineData("../x")]
    [InlineData("/etc/x")]
    [InlineData("a/../../b")]
    [InlineData("a/./b")]
    [InlineData("a//b")]
    [InlineData("..\\x")]
    [InlineData("a\0b")]
    [InlineData("")]
    public async Task A_name_that_leads_out_of_the_repository_is_refused(string name)
    {
        await using var rig = new HubRig();
        rig.List(weights => weights["rfilename"] = name);
        var refused = await Assert.ThrowsAsync<HubException>(rig.ListAsync);
        Assert.Contains("leads out", refused.Message, StringComparison.Ordinal);
        Assert.Single(rig.Server.Requests);
    }

    [Theory]
    [InlineData("""{"siblings":[]}""", "commit")]
    [InlineData("""{"sha":"../../x","siblings":[]}""", "commit")]
    [InlineData("""{"sha":"COMMIT"}""", "no files")]
    [InlineData("""{"sha":"COMMIT","siblings":[{"rfilename":"a"}]}""", "how large")]
    [InlineData("""{"sha":"COMMIT","siblings":[{"rfilename":"a","size":-1}]}""", "how large")]
    [InlineData("""{"sha":"COMMIT","siblings":[{"rfilename":"a","size":1e300}]}""", "how large")]
    [InlineData("""{"sha":"COMMIT","siblings":[{"rfilename":"a","size":1},{"rfilename":"a","size":2}]}""", "twice")]
    [InlineData("""{"sha":"COMMIT","siblings":[{"rfilename":"a","size":1,"lfs":{"sha256":"x","size":1}}]}""", "SHA-256")]
    [InlineData("""{"sha":"COMMIT","siblings":[7]}""", "leads out")]
    [InlineData("""{"sha":"\ud800","siblings":[]}""", "not its JSON")]
    [InlineData("<html>", "not its JSON")]
    [InlineData("[]", "commit")]
    public async Task An_invalid_listing_is_refused(string body, string message)
    {
        await using var rig = new HubRig();
        rig.Server.Script = _ => new FakeHubFault { Body = Encoding.ASCII.GetBytes(body.Replace("COMMIT", FakeHub.Commit, StringComparison.Ordinal)) };
        var refused = await Assert.ThrowsAsync<HubException>(rig.ListAsync);
        Assert.Contains(message, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_giant_or_deep_listing_is_not_read_to_its_end()
    {
        await using var rig = new HubRig();
        rig.Server.Script = _ => new FakeHubFault { Body = new byte[40 << 20] };
        var refused = await Assert.ThrowsAsync<HubException>(rig.ListAsync);
        Assert.Contains("16 MiB", refused.Message, StringComparison.Ordinal);
        Assert.True(rig.Server.Requests[0].Served < 39 << 20);

        rig.Server.Script = _ => new FakeHubFault { Body = Encoding.ASCII.GetBytes(new string('[', 1 << 20)) };
        await Assert.ThrowsAsync<HubException>(rig.ListAsync);
    }

    [Fact]
    public async Task Twenty_thousand_files_are_refused()
    {
        await using var rig = new HubRig();
        rig.Server.Listing = listing =>
        {
            foreach (var i in Enumerable.Range(0, 20_001))
            {
                listing["siblings"]!.AsArray().Add(new JsonObject { ["rfilename"] = $"f{i}", ["size"] = 1 });
            }
        };
        Assert.Contains("20003 files", (await Assert.ThrowsAsync<HubException>(rig.ListAsync)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_head_of_a_file_is_all_that_is_asked_for()
    {
        await using var rig = new HubRig();
        var listing = await rig.ListAsync();
        Assert.Equal(rig.Content[..1000], await rig.Client.ReadHeadAsync(listing, listing.Find(HubRig.Weights)!, 1000, CancellationToken.None));
        Assert.Equal(1000, rig.Server.Served(HubRig.Weights));

        rig.Faults(new FakeHubFault { IgnoreRange = true });
        Assert.Equal(rig.Content[..1000], await rig.Client.ReadHeadAsync(listing, listing.Find(HubRig.Weights)!, 1000, CancellationToken.None));
    }

    [Theory]
    [InlineData("mtgv/MobileVLM_V2-1.7B", true)]
    [InlineData("gpt2", true)]
    [InlineData("a/b/c", false)]
    [InlineData("../x", false)]
    [InlineData("a/..", false)]
    [InlineData("a/b..c", false)]
    [InlineData("a/", false)]
    [InlineData("/a", false)]
    [InlineData("a/b c", false)]
    [InlineData("a/b\n", false)]
    [InlineData("https://huggingface.co/a/b", false)]
    [InlineData("", false)]
    public void Repositories_are_called_owner_and_name(string id, bool expected) => Assert.Equal(expected, HubNames.IsRepository(id));
}
