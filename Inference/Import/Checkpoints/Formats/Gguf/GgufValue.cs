namespace MobileVlm.Edge.Inference.Import.Checkpoints.Formats.Gguf;

/// <summary>Types of metadata values, with the numbers of the format.</summary>
#pragma warning disable CA1720 // These are the names of the format.
internal enum GgufValueType
{
    UInt8 = 0,
    Int8 = 1,
    UInt16 = 2,
    Int16 = 3,
    UInt32 = 4,
    Int32 = 5,
    Float32 = 6,
    Bool = 7,
    String = 8,
    Array = 9,
    UInt64 = 10,
    Int64 = 11,
    Float64 = 12,
}
#pragma warning restore CA1720

/// <summary>One metadata value. Only the member of its type is set.</summary>
/// <param name="Type">As stored.</param>
internal sealed record GgufValue(GgufValueType Type)
{
    /// <summary>Any integer, or 0 and 1 of a truth value; an integer beyond 2^63 is 2^63 - 1, which no key accepts.</summary>
    public long Integer { get; init; }

    /// <summary>Either float type.</summary>
    public double Number { get; init; }

    /// <summary>A string, which need not be UTF-8.</summary>
    public byte[] Text { get; init; } = [];

    /// <summary>An array of strings.</summary>
    public byte[][] Texts { get; init; } = [];

    /// <summary>An array of numbers or truth values.</summary>
    public double[] Numbers { get; init; } = [];

    /// <summary>Type of an array's elements; <see cref="GgufValueType.Array"/> where they are arrays, which are not kept.</summary>
    public GgufValueType ElementType { get; init; }

    public bool IsInteger => IsIntegerType(Type);

    public static bool IsIntegerType(GgufValueType type) => type is GgufValueType.UInt8 or GgufValueType.Int8 or GgufValueType.UInt16
        or GgufValueType.Int16 or GgufValueType.UInt32 or GgufValueType.Int32 or GgufValueType.UInt64 or GgufValueType.Int64;

    public static bool IsFloatType(GgufValueType type) => type is GgufValueType.Float32 or GgufValueType.Float64;

    /// <summary>Reads the value of a key.</summary>
    /// <param name="cursor">Behind the key.</param>
    /// <param name="key">For messages.</param>
    /// <param name="elements">Array elements of the file so far.</param>
    public static GgufValue Read(GgufCursor cursor, string key, ref long elements)
    {
        var type = ReadType(cursor, key);
        return type switch
        {
            GgufValueType.String => new GgufValue(type) { Text = cursor.Text($"the value of '{key}'", LongestText) },
            GgufValueType.Array => ReadArray(cursor, key, ref elements, depth: 0),
            GgufValueType.Float32 or GgufValueType.Float64 => new GgufValue(type) { Number = ReadFloat(cursor, type) },
            _ => new GgufValue(type) { Integer = ReadInteger(cursor, type) },
        };
    }

    // A template of a chat has some kilobytes.
    private const int LongestText = 16 << 20;

    // The largest vocabularies have a quarter of a million pieces, with three arrays.
    private const long MostElements = 1 << 24;
    private const int DeepestArray = 4;

    private static GgufValue ReadArray(GgufCursor cursor, string key, ref long elements, int depth)
    {
        var type = ReadType(cursor, key);
        var count = cursor.CountOf($"elements of '{key}'", LeastBytes(cursor, type));
        elements += count;
        if (elements > MostElements || depth > DeepestArray)
        {
            throw cursor.Error($"has arrays of more than {MostElements} elements, or deeper than {DeepestArray}, up to '{key}'. It is damaged; download it again.");
        }

        var value = new GgufValue(GgufValueType.Array) { ElementType = type };
        switch (type)
        {
            case GgufValueType.String:
                var texts = new byte[count][];
                for (var i = 0; i < texts.Length; i++)
                {
                    texts[i] = cursor.Text($"an element of '{key}'", LongestText);
                }

                return value with { Texts = texts };
            case GgufValueType.Array:
                for (var i = 0L; i < count; i++)
                {
                    _ = ReadArray(cursor, key, ref elements, depth + 1);
                }

                return value;
            default:
                var numbers = new double[count];
                for (var i = 0; i < numbers.Length; i++)
                {
                    numbers[i] = IsFloatType(type) ? ReadFloat(cursor, type) : ReadInteger(cursor, type);
                }

                return value with { Numbers = numbers };
        }
    }

    private static GgufValueType ReadType(GgufCursor cursor, string key)
    {
        var type = cursor.UInt32();
        return type <= (uint)GgufValueType.Float64
            ? (GgufValueType)type
            : throw cursor.Error($"has a value of the unknown type {type} in '{key}'. It is damaged, or newer than this program.");
    }

    private static int LeastBytes(GgufCursor cursor, GgufValueType type) => type switch
    {
        GgufValueType.UInt8 or GgufValueType.Int8 or GgufValueType.Bool => 1,
        GgufValueType.UInt16 or GgufValueType.Int16 => 2,
        GgufValueType.UInt32 or GgufValueType.Int32 or GgufValueType.Float32 => 4,
        GgufValueType.String => cursor.HasShortCounts ? 4 : 8,
        GgufValueType.Array => cursor.HasShortCounts ? 8 : 12,
        _ => 8,
    };

    private static double ReadFloat(GgufCursor cursor, GgufValueType type) => type == GgufValueType.Float32
        ? BitConverter.UInt32BitsToSingle(cursor.UInt32())
        : BitConverter.UInt64BitsToDouble(cursor.UInt64());

    private static long ReadInteger(GgufCursor cursor, GgufValueType type) => type switch
    {
        GgufValueType.UInt8 => cursor.UInt8(),
        GgufValueType.Bool => cursor.UInt8() == 0 ? 0 : 1,
        GgufValueType.Int8 => (sbyte)cursor.UInt8(),
        GgufValueType.UInt16 => cursor.UInt16(),
        GgufValueType.Int16 => (short)cursor.UInt16(),
        GgufValueType.UInt32 => cursor.UInt32(),
        GgufValueType.Int32 => (int)cursor.UInt32(),
        GgufValueType.UInt64 => (long)Math.Min(cursor.UInt64(), long.MaxValue),
        _ => (long)cursor.UInt64(),
    };
}
