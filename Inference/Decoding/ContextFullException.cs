namespace MobileVlm.Edge.Inference.Decoding;

/// <summary>More tokens than fit into the context.</summary>
public sealed class ContextFullException(int length, int added, int capacity)
    : Exception($"{added} more tokens do not fit: the context holds {length} of at most {capacity}. Ask something shorter.")
{
    public int Length { get; } = length;

    public int Added { get; } = added;

    public int Capacity { get; } = capacity;
}
