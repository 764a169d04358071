using Google.Protobuf;

namespace MobileVlm.Edge.Inference.Onnx;

/// <summary>Element types of <c>onnx.proto</c>'s <c>TensorProto.DataType</c>.</summary>
internal enum OnnxType
{
    Float32 = 1,
    UInt8 = 2,
    Int8 = 3,
    Int32 = 6,
    Int64 = 7,
    Float16 = 10,
}

/// <summary>One dimension: a fixed size, or the name of one that the caller chooses.</summary>
internal readonly record struct OnnxDimension(long Size, string? Name)
{
    public static implicit operator OnnxDimension(long size) => new(size, null);

    public static implicit operator OnnxDimension(string name) => new(0, name);
}

/// <summary>Builds one ONNX model (opset 21, <c>com.microsoft</c> 1) node by node and writes it. Weights live in one
/// external file beside it, because a protobuf message is limited to 2 GB; only scalars and shapes are inline. Nothing is
/// written before <see cref="WriteWeights"/>, so that a graph which cannot be built costs no reading. The field numbers
/// are those of <c>onnx.proto</c>.</summary>
/// <param name="name">For messages.</param>
/// <param name="activations">Type in which it computes: float32, or float16 for a GPU.</param>
internal sealed partial class OnnxGraph(string name, OnnxType activations = OnnxType.Float32)
{
    private const int OpsetVersion = 21;
    private const int IrVersion = 10;

    private readonly List<byte[]> _nodes = [];
    private readonly List<byte[]> _initializers = [];
    private readonly List<byte[]> _inputs = [];
    private readonly List<byte[]> _outputs = [];
    private readonly HashSet<string> _names = [];
    private readonly HashSet<string> _outputNames = [];
    private readonly List<StoredWeight> _weights = [];
    private readonly Dictionary<string, WeightLocation> _weightLocations = [];

    /// <summary>The place of each weight in the external file, once it is written.</summary>
    public IReadOnlyDictionary<string, WeightLocation> WeightLocations => _weightLocations;

    public string Input(string input, OnnxType type, params ReadOnlySpan<OnnxDimension> shape)
    {
        _inputs.Add(ValueInfo(input, type, shape));
        return Claim(input);
    }

    public void Output(string output, OnnxType type, params ReadOnlySpan<OnnxDimension> shape)
    {
        _outputs.Add(ValueInfo(output, type, shape));
        _outputNames.Add(output);
    }

    public bool HasOutput(string output) => _outputNames.Contains(output);

    /// <summary>A node of ONNX's own domain with one output of the node's name.</summary>
    public string Node(string op, string node, ReadOnlySpan<string> inputs, params ReadOnlySpan<OnnxAttribute> attributes)
    {
        Add(op, "", node, inputs, [Claim(node)], attributes);
        return node;
    }

    /// <summary>A node of the <c>com.microsoft</c> domain with one output of the node's name.</summary>
    public string Contrib(string op, string node, ReadOnlySpan<string> inputs, params ReadOnlySpan<OnnxAttribute> attributes)
    {
        Add(op, "com.microsoft", node, inputs, [Claim(node)], attributes);
        return node;
    }

    /// <summary>A node of the <c>com.microsoft</c> domain with several outputs; an empty name leaves one out.</summary>
    public void Contrib(
        string op,
        string node,
        ReadOnlySpan<string> inputs,
        ReadOnlySpan<string> outputs,
        params ReadOnlySpan<OnnxAttribute> attributes)
    {
        foreach (var output in outputs)
        {
            if (output.Length > 0)
            {
                Claim(output);
            }
        }

        Add(op, "com.microsoft", node, inputs, outputs, attributes);
    }

    /// <summary>Small constant written into the model itself.</summary>
    public string Constant(string constant, ReadOnlySpan<long> values, bool scalar = false)
    {
        var raw = new byte[values.Length * sizeof(long)];
        Buffer.BlockCopy(values.ToArray(), 0, raw, 0, raw.Length);
        _initializers.Add(Message(m =>
        {
            if (!scalar)
            {
                m.WriteTag(1, WireFormat.WireType.Varint);
                m.WriteInt64(raw.Length / sizeof(long));
            }

            WriteInt(m, 2, (long)OnnxType.Int64);
            WriteString(m, 8, constant);
            WriteBytes(m, 9, raw);
        }));
        return Claim(constant);
    }

    /// <summary>One number written into the model itself.</summary>
    public string Scalar(string constant, float value) => Scalar(constant, OnnxType.Float32, BitConverter.GetBytes(value));

    /// <summary>One unsigned byte written into the model itself.</summary>
    public string Scalar(string constant, byte value) => Scalar(constant, OnnxType.UInt8, [value]);

    /// <summary>Weight whose bytes <paramref name="write"/> puts into the external file when its turn comes.</summary>
    public string Weight(string weight, OnnxType type, ReadOnlySpan<long> shape, Action<Stream> write)
    {
        var elements = 1L;
        foreach (var d in shape)
        {
            elements = checked(elements * d);
        }

        var size = elements * (type switch
        {
            OnnxType.Float32 or OnnxType.Int32 => 4,
            OnnxType.Int64 => 8,
            OnnxType.Float16 => 2,
            _ => 1,
        });
        _weights.Add(new StoredWeight(weight, type, shape.ToArray(), size, write));
        return Claim(weight);
    }

    /// <summary>Writes all weights, in the order in which they were added. Once, before <see cref="Save"/>.</summary>
    public void WriteWeights(ExternalDataFile data)
    {
        foreach (var weight in _weights)
        {
            _weightLocations[weight.Name] = new WeightLocation(data.Append(weight.Size, weight.Write), weight.Size);
            _initializers.Add(External(weight, data.FileName, _weightLocations[weight.Name].Offset));
        }
    }

    /// <summary>Refers to weights that another graph wrote, of the same names. Instead of <see cref="WriteWeights"/>.</summary>
    /// <param name="file">Name of the external file.</param>
    /// <param name="places">Where they lie in it.</param>
    public void BorrowWeights(string file, IReadOnlyDictionary<string, WeightLocation> places)
    {
        foreach (var weight in _weights)
        {
            var place = places[weight.Name];
            if (place.Size != weight.Size)
            {
                throw new InvalidOperationException($"'{weight.Name}' has {place.Size} bytes in {file}, '{name}' needs {weight.Size}.");
            }

            _initializers.Add(External(weight, file, place.Offset));
        }
    }

    /// <summary>Bytes of all weights.</summary>
    public long WeightBytes => _weights.Sum(weight => weight.Size);

    /// <summary>Bytes of the external file, gaps between weights included, that <see cref="WriteWeights"/> would write.</summary>
    public long ExternalBytes() =>
        _weights.Aggregate(0L, (end, weight) => ExternalDataFile.OffsetOf(weight.Size, end) + weight.Size);

    public void Save(Stream stream)
    {
        var graph = Message(m =>
        {
            WriteAll(m, 1, _nodes);
            WriteString(m, 2, name);
            WriteAll(m, 5, _initializers);
            WriteAll(m, 11, _inputs);
            WriteAll(m, 12, _outputs);
        });
        stream.Write(Message(m =>
        {
            WriteInt(m, 1, IrVersion);
            WriteString(m, 2, "MobileVlm.Edge");
            WriteBytes(m, 7, graph);
            WriteBytes(m, 8, Opset("", OpsetVersion));
            WriteBytes(m, 8, Opset("com.microsoft", 1));
        }));
    }

    private string Scalar(string constant, OnnxType type, byte[] raw)
    {
        _initializers.Add(Message(m =>
        {
            WriteInt(m, 2, (long)type);
            WriteString(m, 8, constant);
            WriteBytes(m, 9, raw);
        }));
        return Claim(constant);
    }

    private string Claim(string value) => _names.Add(value)
        ? value
        : throw new InvalidOperationException($"Graph '{name}' already has a value named '{value}'.");

    private void Add(
        string op,
        string domain,
        string node,
        ReadOnlySpan<string> inputs,
        ReadOnlySpan<string> outputs,
        ReadOnlySpan<OnnxAttribute> attributes)
    {
        var (i, o, a) = (inputs.ToArray(), outputs.ToArray(), attributes.ToArray());
        _nodes.Add(Message(m =>
        {
            foreach (var input in i)
            {
                WriteString(m, 1, input);
            }

            foreach (var output in o)
            {
                WriteString(m, 2, output);
            }

            WriteString(m, 3, node);
            WriteString(m, 4, op);
            foreach (var attribute in a)
            {
                WriteBytes(m, 5, Message(attribute.WriteTo));
            }

            WriteString(m, 7, domain);
        }));
    }

    private static byte[] External(StoredWeight weight, string file, long offset) => Message(m =>
    {
        foreach (var d in weight.Shape)
        {
            WriteInt(m, 1, d);
        }

        WriteInt(m, 2, (long)weight.Type);
        WriteString(m, 8, weight.Name);
        WriteBytes(m, 13, Entry("location", file));
        WriteBytes(m, 13, Entry("offset", offset.ToString(System.Globalization.CultureInfo.InvariantCulture)));
        WriteBytes(m, 13, Entry("length", weight.Size.ToString(System.Globalization.CultureInfo.InvariantCulture)));
        WriteInt(m, 14, 1);
    });

    private static byte[] ValueInfo(string value, OnnxType type, ReadOnlySpan<OnnxDimension> shape)
    {
        var dimensions = shape.ToArray();
        var shapeProto = Message(m =>
        {
            foreach (var d in dimensions)
            {
                WriteBytes(m, 1, Message(dm =>
                {
                    if (d.Name is null)
                    {
                        WriteInt(dm, 1, d.Size);
                    }
                    else
                    {
                        WriteString(dm, 2, d.Name);
                    }
                }));
            }
        });
        var tensor = Message(m =>
        {
            WriteInt(m, 1, (long)type);
            WriteBytes(m, 2, shapeProto);
        });
        return Message(m =>
        {
            WriteString(m, 1, value);
            WriteBytes(m, 2, Message(t => WriteBytes(t, 1, tensor)));
        });
    }

    private static byte[] Opset(string domain, long version) => Message(m =>
    {
        WriteString(m, 1, domain);
        WriteInt(m, 2, version);
    });

    private static byte[] Entry(string key, string value) => Message(m =>
    {
        WriteString(m, 1, key);
        WriteString(m, 2, value);
    });

    private static byte[] Message(Action<CodedOutputStream> write)
    {
        using var buffer = new MemoryStream();
        using (var coded = new CodedOutputStream(buffer, leaveOpen: true))
        {
            write(coded);
        }

        return buffer.ToArray();
    }

    private static void WriteAll(CodedOutputStream m, int field, List<byte[]> messages)
    {
        foreach (var message in messages)
        {
            WriteBytes(m, field, message);
        }
    }

    internal static void WriteInt(CodedOutputStream m, int field, long value)
    {
        m.WriteTag(field, WireFormat.WireType.Varint);
        m.WriteInt64(value);
    }

    internal static void WriteString(CodedOutputStream m, int field, string value)
    {
        m.WriteTag(field, WireFormat.WireType.LengthDelimited);
        m.WriteString(value);
    }

    internal static void WriteBytes(CodedOutputStream m, int field, byte[] value)
    {
        m.WriteTag(field, WireFormat.WireType.LengthDelimited);
        m.WriteBytes(UnsafeByteOperations.UnsafeWrap(value));
    }

    private sealed record StoredWeight(string Name, OnnxType Type, long[] Shape, long Size, Action<Stream> Write);
}

/// <summary>The place of a weight in an external file, in bytes.</summary>
internal readonly record struct WeightLocation(long Offset, long Size);
