using Google.Protobuf;

namespace MobileVlm.Edge.Inference.Onnx;

/// <summary>An attribute of a node: one integer, one number, one text or several integers.</summary>
internal readonly struct OnnxAttribute
{
    private readonly string _name;
    private readonly object _value;

    private OnnxAttribute(string name, object value)
    {
        _name = name;
        _value = value;
    }

    public static OnnxAttribute Int(string name, long value) => new(name, value);

    public static OnnxAttribute Float(string name, float value) => new(name, value);

    public static OnnxAttribute Text(string name, string value) => new(name, value);

    public static OnnxAttribute Ints(string name, params long[] values) => new(name, values);

    public void WriteTo(CodedOutputStream m)
    {
        OnnxGraph.WriteString(m, 1, _name);
        switch (_value)
        {
            case float number:
                m.WriteTag(2, WireFormat.WireType.Fixed32);
                m.WriteFloat(number);
                OnnxGraph.WriteInt(m, 20, 1);
                break;
            case long number:
                OnnxGraph.WriteInt(m, 3, number);
                OnnxGraph.WriteInt(m, 20, 2);
                break;
            case string text:
                OnnxGraph.WriteString(m, 4, text);
                OnnxGraph.WriteInt(m, 20, 3);
                break;
            case long[] numbers:
                foreach (var number in numbers)
                {
                    OnnxGraph.WriteInt(m, 8, number);
                }

                OnnxGraph.WriteInt(m, 20, 7);
                break;
            default:
                throw new InvalidOperationException($"Attribute '{_name}' has no value.");
        }
    }
}
