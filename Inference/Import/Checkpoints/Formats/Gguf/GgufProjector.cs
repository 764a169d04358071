using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Inference.Import.Checkpoints.Formats.Gguf;

/// <summary>A projector as an mmproj file names it.</summary>
/// <remarks>A closed set: <see cref="All"/> is the only list.</remarks>
/// <param name="Name">Value of <c>clip.projector_type</c>.</param>
/// <param name="Type">What it is.</param>
/// <param name="Names">Tensors: their names in the file and in a checkpoint, each without <c>.weight</c>.</param>
internal sealed record GgufProjector(string Name, ProjectorType Type, IReadOnlyList<GgufProjector.Part> Names)
{
    private const string Prefix = "model.mm_projector.";

    /// <summary>A fork of llama.cpp called LDPv2 by the name of its convolution.</summary>
    private const string OldLdpV2 = "peg";

    /// <summary>Parts of the tensors of a projector.</summary>
    /// <param name="Stored">Name in the file.</param>
    /// <param name="Name">Name in the checkpoint.</param>
    /// <param name="Kind">What it is.</param>
    /// <param name="HasBias">Whether there is a bias as well.</param>
    internal sealed record Part(string Stored, string Name, PartKind Kind, bool HasBias = true);

    /// <summary>Kinds of weights, by which a shape whose ones were left out is completed.</summary>
    internal enum PartKind
    {
        /// <summary>[out, in].</summary>
        Matrix,

        /// <summary>[channels].</summary>
        Norm,

        /// <summary>[out, in, 1, 1].</summary>
        PointwiseConvolution,

        /// <summary>[channels, 1, 3, 3].</summary>
        DepthwiseConvolution,
    }

    public static IReadOnlyList<GgufProjector> All { get; } =
    [
        new("ldp", ProjectorType.Ldp, [
            new("mm.model.mlp.1", "model.mlp.1", PartKind.Matrix),
            new("mm.model.mlp.3", "model.mlp.3", PartKind.Matrix),
            .. Enumerable.Range(1, 2).SelectMany(block => LdpBlock($"model.mb_block.{block}.block")),
        ]),
        new("ldpv2", ProjectorType.LdpV2, [
            new("mm.model.mlp.0", "mlp.mlp.0", PartKind.Matrix),
            new("mm.model.mlp.2", "mlp.mlp.2", PartKind.Matrix),
            new("mm.model.peg.0", "peg.peg.0", PartKind.DepthwiseConvolution),
        ]),
    ];

    /// <summary>The last matrix of the MLP, whose outputs are as wide as the decoder.</summary>
    public Part LastMatrix => Names.Last(part => part.Kind == PartKind.Matrix);

    /// <summary>The projector of that name, null where there is none.</summary>
    /// <param name="name">Value of the key; null where it is missing.</param>
    /// <param name="find">Finds a tensor of the file.</param>
    public static GgufProjector? Find(string? name, Func<string, GgufTensor?> find) => All.FirstOrDefault(projector =>
        projector.Name == name
        || (name == OldLdpV2 && projector.Type == ProjectorType.LdpV2 && projector.Names.All(part => find($"{part.Stored}.weight") is not null)));

    /// <summary>Names and shapes; where a tensor is missing, a shape that none has.</summary>
    /// <param name="find">Finds a tensor of the file.</param>
    public IEnumerable<GgufName> Tensors(Func<string, GgufTensor?> find)
    {
        foreach (var part in Names)
        {
            var shape = Shape(part.Kind, find($"{part.Stored}.weight")?.Dimensions ?? []);
            yield return new($"{part.Stored}.weight", $"{Prefix}{part.Name}.weight", shape);
            if (part.HasBias)
            {
                yield return new($"{part.Stored}.bias", $"{Prefix}{part.Name}.bias", shape is [var outputs, ..] ? outputs : 0);
            }
        }
    }

    private static IEnumerable<Part> LdpBlock(string block) =>
    [
        new($"mm.{block}.0.0", $"{block}.0.0", PartKind.DepthwiseConvolution, HasBias: false),
        new($"mm.{block}.0.1", $"{block}.0.1", PartKind.Norm),
        new($"mm.{block}.1.fc1", $"{block}.1.fc1", PartKind.PointwiseConvolution),
        new($"mm.{block}.1.fc2", $"{block}.1.fc2", PartKind.PointwiseConvolution),
        new($"mm.{block}.2.0", $"{block}.2.0", PartKind.PointwiseConvolution, HasBias: false),
        new($"mm.{block}.2.1", $"{block}.2.1", PartKind.Norm),
    ];

    /// <summary>The shape in a checkpoint. Converters leave out dimensions of 1, so that ranks differ.</summary>
    private static long[] Shape(PartKind kind, IReadOnlyList<long> dimensions)
    {
        long[] sizes = [.. dimensions.Reverse().Where(d => d != 1)];
        return (kind, sizes.Length) switch
        {
            (PartKind.DepthwiseConvolution, 3) => [sizes[0], 1, sizes[1], sizes[2]],
            (PartKind.PointwiseConvolution, 2) => [sizes[0], sizes[1], 1, 1],
            _ => sizes,
        };
    }
}
