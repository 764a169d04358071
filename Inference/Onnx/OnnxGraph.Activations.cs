namespace MobileVlm.Edge.Inference.Onnx;

/// <summary>The type in which a graph computes. Its inputs and outputs stay float32, so that callers need not know it; only
/// the KV cache has it too.</summary>
internal sealed partial class OnnxGraph
{
    /// <summary>float32 or float16.</summary>
    public OnnxType ActivationType => activations;

    /// <summary>Casts a float32 value to the type in which the graph computes.</summary>
    public string FromFloat32(string node, string value) => activations == OnnxType.Float32
        ? value
        : Node("Cast", node, [value], OnnxAttribute.Int("to", (long)activations));

    /// <summary>Name for a node whose result becomes the float32 value <paramref name="result"/>.</summary>
    public string NameBeforeCast(string result) => activations == OnnxType.Float32 ? result : $"{result}_fp16";

    /// <summary>Casts the result of that node to the float32 value <paramref name="result"/>.</summary>
    public void ToFloat32(string result)
    {
        if (activations != OnnxType.Float32)
        {
            Node("Cast", result, [NameBeforeCast(result)], OnnxAttribute.Int("to", (long)OnnxType.Float32));
        }
    }
}
