namespace MobileVlm.Edge.Inference.Import.Quantization;

/// <summary>A source without values, for graphs of which only the size is needed.</summary>
internal sealed class SizeOnlyWeights : IWeightSource
{
    public Action<Stream> Untransposed(string name, params ReadOnlySpan<long> shape) => Nothing;

    public Action<Stream> Transposed(IReadOnlyList<LinearWeight> weights) => Nothing;

    public Action<Stream> TransposedFloat16(IReadOnlyList<LinearWeight> weights) => Nothing;

    public Action<Action<int, ReadOnlyMemory<float>>> Rows(IReadOnlyList<LinearWeight> weights) => _ => throw HasNone();

    private static void Nothing(Stream stream) => throw HasNone();

    private static InvalidOperationException HasNone() => new("These weights have sizes only.");
}
