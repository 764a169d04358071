using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Inference.Import.Checkpoints.Formats.Torch;

// All that a pickle can become here, beside null, bool, long, double, string and object?[] (a tuple). None of it
// does anything: a pickle is read as a description, never run.

/// <summary>The three callables that a state dictionary needs.</summary>
internal enum PickledCallable
{
    OrderedDictionary,
    RebuildTensor,
    RebuildParameter,
}

/// <summary>torch.HalfStorage and its like.</summary>
internal sealed record PickledStorageType(ElementType Type, int ElementSize);

/// <summary>Elements in the archive's data/KEY.</summary>
internal sealed record PickledStorage(ElementType Type, int ElementSize, string Key, long Count);

/// <summary>A view of a storage; offset and strides in elements. Nothing of it is checked yet.</summary>
internal sealed record PickledTensor(PickledStorage Storage, long Offset, long[] Shape, long[] Strides)
{
    /// <summary>Row-major without gaps. To be asked only when the shape is known to fit the storage.</summary>
    public bool IsContiguous()
    {
        var expected = 1L;
        for (var i = Shape.Length - 1; i >= 0 && !Shape.Contains(0); i--)
        {
            // The stride of a dimension of one is never used, so PyTorch leaves anything there.
            if (Shape[i] != 1 && Strides[i] != expected)
            {
                return false;
            }

            expected *= Shape[i];
        }

        return true;
    }
}

/// <summary>A dictionary in the order of the file; keys are not hashed, because a hostile key (a tuple that
/// contains itself) could not be.</summary>
internal sealed class PickledDictionary
{
    public List<KeyValuePair<object?, object?>> Items { get; } = [];
}

internal sealed class PickledList
{
    public List<object?> Items { get; } = [];
}
