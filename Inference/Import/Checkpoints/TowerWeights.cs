using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Inference.Import.Checkpoints;

/// <summary>Compares the weights of two vision towers.</summary>
internal static class TowerWeights
{
    /// <summary>Share of the largest value up to which weights are equal. bfloat16 loses a 256th; a tower of another training differs by
    /// about as much as its values are large.</summary>
    private const double Tolerance = 1.0 / 64;

    /// <summary>Largest number of elements of a tensor that is compared: vectors, so that opening a checkpoint reads no matrix.</summary>
    private const int LargestVector = 1 << 16;

    /// <summary>Vectors whose values every training makes its own.</summary>
    private static readonly string[] Compared =
        ["vision.embeddings.class_embedding", "vision.encoder.layers.0.layer_norm1.bias", "vision.encoder.layers.0.mlp.fc1.bias"];

    /// <summary>Whether two towers of one shape hold different weights, beyond what rounding to another type explains. Training as
    /// published never changes the tower, so that the copy in a checkpoint and the tower's own folder are equal.</summary>
    /// <param name="first">Tensors by their normalised names.</param>
    /// <param name="second">Tensors by their normalised names.</param>
    /// <returns>False where they cannot be compared.</returns>
    public static bool Differ(IReadOnlyDictionary<string, CheckpointTensor> first, IReadOnlyDictionary<string, CheckpointTensor> second) =>
        Compared.Any(name => first.TryGetValue(name, out var one) && second.TryGetValue(name, out var other) && Differ(one, other));

    private static bool Differ(CheckpointTensor one, CheckpointTensor other)
    {
        if (!one.Shape.SequenceEqual(other.Shape) || one.Count is < 1 or > LargestVector
            || Read(one) is not { } expected || Read(other) is not { } found)
        {
            return false;
        }

        var largest = expected.Max(Math.Abs);
        return expected.Zip(found).Any(pair => Math.Abs(pair.First - pair.Second) > Tolerance * largest);
    }

    private static float[]? Read(CheckpointTensor tensor)
    {
        if (tensor is not { Location: { } location } || tensor.Type == ElementType.Other)
        {
            return null;
        }

        var values = new float[tensor.Count];
        Checkpoint.Read(location, tensor.Type, 0, values);
        return values;
    }
}
