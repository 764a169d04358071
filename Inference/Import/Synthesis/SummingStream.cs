using System.IO.Hashing;
using MobileVlm.Edge.Inference.Onnx;

namespace MobileVlm.Edge.Inference.Import.Synthesis;

/// <summary>Writes to another stream, which it does not dispose, and computes the CRC-32 of what is written.</summary>
internal sealed class SummingStream(Stream output) : WriteOnlyStream
{
    private readonly Crc32 _crc = new();

    /// <summary>CRC-32 of what was written since the last <see cref="ResetSum"/>.</summary>
    public uint Sum => _crc.GetCurrentHashAsUInt32();

    /// <summary>Begins the sum again.</summary>
    public void ResetSum() => _crc.Reset();

    public override void Flush() => output.Flush();

    protected override void Take(ReadOnlySpan<byte> buffer)
    {
        output.Write(buffer);
        _crc.Append(buffer);
    }
}
