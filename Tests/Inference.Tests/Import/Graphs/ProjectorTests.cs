using System.Text.Json;
using Microsoft.ML.OnnxRuntime;
using MobileVlm.Edge.Inference.Import.Checkpoints;
using MobileVlm.Edge.Inference.Import.Graphs;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Onnx;
using MobileVlm.Edge.Inference.Tests.Import.Checkpoints;
using MobileVlm.Edge.Inference.Tests.Models;

namespace MobileVlm.Edge.Inference.Tests.Import.Graphs;

/// <summary>Projectors are a closed set: each has all of its facts, and an unknown one is refused.</summary>
public sealed class ProjectorTests
{
    [Fact]
    public void Each_projector_has_tensors_and_names_of_its_own()
    {
        Assert.All(ProjectorType.All, type => Assert.NotEmpty(type.Tensors(64, 96)));
        Assert.Equal(ProjectorType.All.Count, ProjectorType.All.Select(type => type.ConfigName).Distinct().Count());
        Assert.Equal(ProjectorType.All.Count, ProjectorType.All.Select(type => type.Name).Distinct().Count());
        Assert.Equal([ProjectorType.LdpV2], ProjectorType.All.Where(type => type.TakesTowerFromCheckpoint));
    }

    [Theory]
    [InlineData("Ldp", "ldpnet", 24, 144)]
    [InlineData("Ldp", "ldpnet", 15, 64)]
    [InlineData("LdpV2", "ldpnetv2", 24, 144)]
    [InlineData("LdpV2", "ldpnetv2", 36, 144)]
    [InlineData("LdpV2", "ldpnetv2", 25, 144)]
    [InlineData("LdpV2", "ldpnetv2", 8, 144)]
    [InlineData("Linear", "linear", 16, 256)]
    [InlineData("Mlp2xGelu", "mlp2x_gelu", 24, 576)]
    public void Each_name_stands_for_one_number_of_visual_tokens(string name, string config, int grid, int tokens)
    {
        var type = ProjectorType.Find(config)!;
        Assert.Equal(name, type.ToString());
        Assert.Equal(tokens, type.TokenCount(ClipSizes with { ImageSize = grid * 14 }));
    }

    [Theory]
    [InlineData(24)]
    [InlineData(36)]
    [InlineData(12)]
    [InlineData(16)]
    [InlineData(25)]
    [InlineData(13)]
    [InlineData(8)]
    [InlineData(1)]
    public void Every_grid_is_pooled_to_twelve_by_twelve_as_PyTorch_pools_it(int grid)
    {
        const int Channels = 3, Pooled = 12;
        var random = new Random(grid);
        var input = Enumerable.Range(0, Channels * grid * grid).Select(_ => random.NextSingle()).ToArray();

        // AdaptiveAvgPool2d: from floor(i n / m) to ceil((i + 1) n / m).
        var expected = new List<float>();
        for (var channel = 0; channel < Channels; channel++)
        {
            foreach (var row in Enumerable.Range(0, Pooled))
            {
                foreach (var column in Enumerable.Range(0, Pooled))
                {
                    var (top, bottom) = (row * grid / Pooled, (int)Math.Ceiling((row + 1) * grid / (double)Pooled));
                    var (left, right) = (column * grid / Pooled, (int)Math.Ceiling((column + 1) * grid / (double)Pooled));
                    expected.Add((
                        from y in Enumerable.Range(top, bottom - top)
                        from x in Enumerable.Range(left, right - left)
                        select input[(((channel * grid) + y) * grid) + x]).Average());
                }
            }
        }

        Compare.Close([.. expected], Pool(input, Channels, grid, Pooled), 1e-5);
    }

    [Fact]
    public void The_work_of_a_projector_is_that_of_its_matrices()
    {
        // 2 x 1024 x 2048 for each of 576 patches. The second layer, 2 x 2048² a row, sees them too in LDP, like two 1x1
        // convolutions, the last of which has 144 tokens; in LDPv2 it sees the 144 pooled ones.
        const double First = 576.0 * 2 * 1024 * 2048;
        Assert.Equal(First + (2.0 * 2048 * 2048 * (576 + 576 + 144)), ProjectorType.Ldp.Operations(ClipSizes, 2048));
        Assert.Equal(First + (2.0 * 2048 * 2048 * 144), ProjectorType.LdpV2.Operations(ClipSizes, 2048));
        Assert.Equal(First, ProjectorType.Find("linear")!.Operations(ClipSizes, 2048));
        Assert.Equal(First + (2.0 * 2048 * 2048 * 2 * 576), ProjectorType.Find("mlp3x_gelu")!.Operations(ClipSizes, 2048));
    }

    [Fact]
    public void Layers_of_an_MLP_have_even_numbers_because_the_activations_between_them_have_the_others() => Assert.Equal(
        ["model.mm_projector.0.weight", "model.mm_projector.0.bias", "model.mm_projector.2.weight", "model.mm_projector.2.bias", "model.mm_projector.4.weight", "model.mm_projector.4.bias"],
        ProjectorType.Find("mlp3x_gelu")!.Tensors(64, 96).Select(tensor => tensor.Name));

    [Fact]
    public void An_unknown_projector_of_a_checkpoint_is_refused_with_the_known_ones()
    {
        using var folder = TemporaryFolder.CopyOf("mobilevlm-v1");
        SmallCheckpoint.Edit(folder["config.json"], "mm_projector_type", "\"ldpnetv3\"");
        Assert.Contains(
            "'mm_projector_type' is \"ldpnetv3\"; supported is \"ldpnet\" or \"ldpnetv2\" or \"linear\" or \"mlpNx_gelu\" (N from 1 to 8).",
            SmallCheckpoint.Refused(folder).Message,
            StringComparison.Ordinal);
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

    private static float[] Pool(float[] input, int channels, int from, int to)
    {
        using var folder = new TemporaryFolder();
        var graph = new OnnxGraph("pool");
        graph.Input("x", OnnxType.Float32, 1, channels, from, from);
        new ProjectorBuilder(graph, null!, null!, ClipSizes, channels).AdaptiveMean("x", from, to, "y");
        graph.Output("y", OnnxType.Float32, 1, channels, to, to);
        using (var data = new ExternalDataFile(folder["pool.onnx.data"]))
        {
            graph.WriteWeights(data);
        }

        using (var file = File.Create(folder["pool.onnx"]))
        {
            graph.Save(file);
        }

        using var session = new InferenceSession(folder["pool.onnx"]);
        using var value = OrtValue.CreateTensorValueFromMemory(input, [1, channels, from, from]);
        using var options = new RunOptions();
        using var results = session.Run(options, ["x"], [value], ["y"]);
        return results[0].GetTensorDataAsSpan<float>().ToArray();
    }
}
