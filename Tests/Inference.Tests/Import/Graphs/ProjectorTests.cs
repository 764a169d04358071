using System.Text.Json;
using MobileVlm.Edge.Inference.Import.Checkpoints;
using MobileVlm.Edge.Inference.Import.Graphs.Projectors;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Tests.Import.Checkpoints;

namespace MobileVlm.Edge.Inference.Tests.Import.Graphs;

/// <summary>Projectors are a closed set: each has all of its facts, and an unknown one is refused.</summary>
public sealed class ProjectorTests
{
    [Fact]
    public void Each_projector_has_a_graph_and_tensors_and_none_is_registered_twice()
    {
        Assert.Equal(ProjectorType.All, Projector.All.Select(projector => projector.Type));
        Assert.All(ProjectorType.All, type => Assert.NotEmpty(Projector.Of(type).Tensors(64, 96)));
        Assert.Equal(ProjectorType.All.Count, ProjectorType.All.Select(type => type.ConfigName).Distinct().Count());
        Assert.Equal(ProjectorType.All.Count, ProjectorType.All.Select(type => type.Name).Distinct().Count());
    }

    [Theory]
    [InlineData("Ldp", "ldpnet", 24, 144)]
    [InlineData("Ldp", "ldpnet", 15, 64)]
    [InlineData("LdpV2", "ldpnetv2", 24, 144)]
    [InlineData("LdpV2", "ldpnetv2", 36, 144)]
    public void Each_name_stands_for_one_number_of_visual_tokens(string name, string config, int grid, int tokens)
    {
        var type = ProjectorType.All.Single(type => type.ConfigName == config);
        Assert.Equal(name, type.ToString());
        Assert.Equal(tokens, type.TokenCount(ClipSizes with { ImageSize = grid * 14 }));
    }

    [Theory]
    [InlineData("ldpnet", 25, false)]
    [InlineData("ldpnetv2", 24, false)]
    [InlineData("ldpnetv2", 36, false)]
    [InlineData("ldpnetv2", 25, true)]
    [InlineData("ldpnetv2", 6, true)]
    public void A_grid_that_is_not_a_whole_number_of_windows_is_refused(string config, int grid, bool isRefused)
    {
        var refusal = ProjectorType.All.Single(type => type.ConfigName == config).Refusal(ClipSizes with { ImageSize = grid * 14 });
        Assert.Equal(isRefused, refusal is not null);
        Assert.Contains(isRefused ? $"{grid} x {grid} patches to 12 x 12" : "", refusal ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public void The_work_of_a_projector_is_that_of_its_matrices()
    {
        // 2 x 1024 x 2048 for each of 576 patches. The second layer, 2 x 2048² a row, sees them too in LDP, like two 1x1
        // convolutions, the last of which has 144 tokens; in LDPv2 it sees the 144 pooled ones.
        const double First = 576.0 * 2 * 1024 * 2048;
        Assert.Equal(First + (2.0 * 2048 * 2048 * (576 + 576 + 144)), ProjectorType.Ldp.Operations(ClipSizes, 2048));
        Assert.Equal(First + (2.0 * 2048 * 2048 * 144), ProjectorType.LdpV2.Operations(ClipSizes, 2048));
    }

    [Fact]
    public void An_unknown_projector_of_a_checkpoint_is_refused_with_the_known_ones()
    {
        using var folder = TemporaryFolder.CopyOf("mobilevlm-v1");
        SmallCheckpoint.Edit(folder["config.json"], "mm_projector_type", "\"ldpnetv3\"");
        var message = SmallCheckpoint.Refused(folder).Message;
        Assert.Contains("'mm_projector_type' is \"ldpnetv3\"; supported is", message, StringComparison.Ordinal);
        Assert.All(ProjectorType.All, type => Assert.Contains($"\"{type.ConfigName}\"", message, StringComparison.Ordinal));
    }

    [Fact]
    public void A_manifest_has_the_projectors_name_and_an_unknown_one_is_refused()
    {
        Assert.All(ProjectorType.All, type =>
        {
            var json = JsonSerializer.Serialize(type);
            Assert.Equal($"\"{type.Name}\"", json);
            Assert.Same(type, JsonSerializer.Deserialize<ProjectorType>(json));
        });
        foreach (var json in (string[])["\"LdpV3\"", "1", "\"\""])
        {
            Assert.Contains("LdpV2", Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<ProjectorType>(json)).Message, StringComparison.Ordinal);
        }
    }

    private static VisionConfig ClipSizes => ClipTower.Sizes;
}
