using System.Diagnostics;
using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Inference.Import.Graphs.Projectors;

/// <summary>A projector as the importer knows it: its graph and its tensors. Stateless.</summary>
/// <remarks>A new one takes a class here with its place in <see cref="All"/>, and its run-time facts in
/// <see cref="ProjectorType"/>.</remarks>
internal abstract class Projector
{
    /// <summary>One projector for each of <see cref="ProjectorType.All"/>.</summary>
    public static IReadOnlyList<Projector> All { get; } = [new LdpProjector(), new LdpV2Projector()];

    /// <summary>Name, number of visual tokens and work.</summary>
    public abstract ProjectorType Type { get; }

    /// <summary>The importer's part of a projector.</summary>
    /// <exception cref="UnreachableException">It was not added to <see cref="All"/>.</exception>
    public static Projector Of(ProjectorType type) => All.FirstOrDefault(projector => projector.Type == type)
        ?? throw new UnreachableException($"The projector {type} has no graph.");

    /// <summary>Every tensor of the projector, in the order in which PyTorch saves them.</summary>
    /// <param name="features">Width of the patch features.</param>
    /// <param name="hidden">Width of the visual tokens.</param>
    public abstract IEnumerable<TensorSpec> Tensors(int features, int hidden);

    /// <summary>Adds the projector to a graph that has <see cref="VisionTensors.PatchFeatures"/>; the result is
    /// <see cref="VisionTensors.VisualTokens"/>.</summary>
    /// <param name="builder">Writes its pieces.</param>
    /// <param name="features">Name of the patch features, [1, patches, width].</param>
    public abstract void Write(ProjectorBuilder builder, string features);
}
