using System.Buffers;

namespace MobileVlm.Edge.Inference.Vision;

/// <summary>Projected image features, [1, count, hidden], float32, row-major. Rented memory: the caller that receives
/// it disposes it; disposing twice is allowed, reading afterwards throws.</summary>
public sealed class VisualTokens : IDisposable
{
    private float[]? _values;

    public VisualTokens(int count, int hidden)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(hidden);
        Count = count;
        HiddenSize = hidden;
        _values = ArrayPool<float>.Shared.Rent(checked(count * hidden));
    }

    /// <summary>Number of visual tokens: 144 in the published models.</summary>
    public int Count { get; }

    /// <summary>Width of the decoder's embeddings.</summary>
    public int HiddenSize { get; }

    /// <summary>[count, hidden].</summary>
    public Memory<float> Values =>
        (_values ?? throw new ObjectDisposedException(nameof(VisualTokens))).AsMemory(0, Count * HiddenSize);

    public void Dispose()
    {
        var values = Interlocked.Exchange(ref _values, null);
        if (values is not null)
        {
            ArrayPool<float>.Shared.Return(values);
        }
    }
}
