using System.Text;
using Google.Protobuf;

namespace MobileVlm.Edge.Actors.Cluster.Messages;

/// <summary>Reads and writes the fields of messages in the format of protocol buffers. A field that is not known is skipped, so that a newer
/// host can add one.</summary>
internal static class WireFormat
{
    /// <summary>Most bytes of a message with its envelope; the transport's <c>maximum-frame-size</c> is larger.</summary>
    public const int MaxMessageBytes = 1_000_000;

    /// <summary>Largest side of a picture: its square with 3 bytes each leaves space for the questions.</summary>
    public const int MaxPictureSize = 512;

    /// <summary>Most bytes of the text of one question or answer.</summary>
    public const int MaxTextBytes = 32 * 1024;

    /// <summary>Most bytes of a name.</summary>
    public const int MaxNameBytes = 256;

    /// <summary>Most questions of a frame, parts of an object counted one by one.</summary>
    public const int MaxQuestions = 512;

    /// <summary>Most choices of a question, and most tokens of an answer or a draft.</summary>
    public const int MaxItems = 4096;

    /// <summary>Most frames that a host may have at once, whatever it reports.</summary>
    public const int MaxCapacity = 64;

    /// <summary>Most hosts of a part of the cluster.</summary>
    public const int MaxHosts = 64;

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static void WriteNumber(this CodedOutputStream output, int field, long value)
    {
        output.WriteTag(field, Google.Protobuf.WireFormat.WireType.Varint);
        output.WriteInt64(value);
    }

    public static void WriteReal(this CodedOutputStream output, int field, double? value)
    {
        if (value is { } known)
        {
            output.WriteTag(field, Google.Protobuf.WireFormat.WireType.Fixed64);
            output.WriteDouble(known);
        }
    }

    public static void WriteText(this CodedOutputStream output, int field, string? text)
    {
        if (text is not null)
        {
            // Half a surrogate pair, where a text was cut, is replaced: the message must be sent.
            output.WriteBlock(field, Encoding.UTF8.GetBytes(text));
        }
    }

    public static void WriteBlock(this CodedOutputStream output, int field, ReadOnlyMemory<byte> bytes)
    {
        output.WriteTag(field, Google.Protobuf.WireFormat.WireType.LengthDelimited);
        output.WriteBytes(UnsafeByteOperations.UnsafeWrap(bytes));
    }

    /// <summary>A message inside a message.</summary>
    public static void WriteNested(this CodedOutputStream output, int field, Action<CodedOutputStream> write) =>
        output.WriteBlock(field, Bytes(write));

    /// <summary>Writes a message.</summary>
    /// <exception cref="ArgumentException">It is larger than <see cref="MaxMessageBytes"/>, and the transport would drop it without an
    /// error.</exception>
    public static byte[] Bytes(Action<CodedOutputStream> write)
    {
        using var buffer = new MemoryStream();
        using (var output = new CodedOutputStream(buffer, leaveOpen: true))
        {
            write(output);
        }

        return buffer.Length <= MaxMessageBytes
            ? buffer.ToArray()
            : throw new ArgumentException($"A message of {buffer.Length} bytes is larger than {MaxMessageBytes} bytes.", nameof(write));
    }

    /// <summary>Reads all fields.</summary>
    /// <param name="bytes">A message.</param>
    /// <param name="read">Reads the field with this number; false skips it.</param>
    /// <exception cref="InvalidDataException">It is not a message.</exception>
    public static void ReadAll(byte[] bytes, Func<int, CodedInputStream, bool> read)
    {
        try
        {
            using var input = new CodedInputStream(bytes);
            while (input.ReadTag() is var tag and not 0)
            {
                if (!read(Google.Protobuf.WireFormat.GetTagFieldNumber(tag), input))
                {
                    input.SkipLastField();
                }
            }
        }
        catch (Exception fault) when (fault is InvalidProtocolBufferException or OverflowException or ArgumentException or DecoderFallbackException)
        {
            throw new InvalidDataException(fault.Message, fault);
        }
    }

    public static int ReadCount(this CodedInputStream input, int most)
    {
        var value = input.ReadInt64();
        return value >= 0 && value <= most ? (int)value : throw new InvalidDataException($"{value} is not a number up to {most}.");
    }

    /// <summary>A number that can be published: neither infinite nor NaN.</summary>
    public static double ReadReal(this CodedInputStream input)
    {
        var value = input.ReadDouble();
        return double.IsFinite(value) ? value : throw new InvalidDataException("A number is not finite.");
    }

    /// <summary>Bytes of a limited length, which are part of the message that arrived.</summary>
    public static ReadOnlyMemory<byte> ReadBlock(this CodedInputStream input, int most)
    {
        // The length is checked against what is left of the message before anything is allocated.
        var bytes = input.ReadBytes();
        return bytes.Length <= most ? bytes.Memory : throw new InvalidDataException($"{bytes.Length} bytes are more than {most}.");
    }

    /// <summary>A name that is logged and published, in one line.</summary>
    public static string ReadName(this CodedInputStream input)
    {
        var name = input.ReadText(MaxNameBytes);
        return name.Any(char.IsControl) ? throw new InvalidDataException("A name has control characters.") : name;
    }

    public static string ReadText(this CodedInputStream input, int mostBytes) => Utf8.GetString(input.ReadBlock(mostBytes).Span);

    /// <summary>Adds to a list that is limited.</summary>
    public static void AddUpTo<T>(this List<T> list, int most, T item)
    {
        if (list.Count >= most)
        {
            throw new InvalidDataException($"More than {most} items.");
        }

        list.Add(item);
    }
}
