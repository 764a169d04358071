using System.Globalization;
using MobileVlm.Edge.Connectors.Frames;

namespace MobileVlm.Edge.Connectors.Cameras.Feeds.ChildProcess;

/// <summary>Reads binary PPM images (P6, 8 bit) one after the other from a pipe. Each carries its own size, so a
/// camera that changes its resolution needs no new start. Trusts nothing: a wrong byte ends the stream, because there
/// is no way to find the next image.</summary>
internal sealed class PpmReader(Stream stream)
{
    /// <summary>Longest header in bytes: two sides of at most five digits and the rest fit easily.</summary>
    private const int LongestHeader = 64;

    private readonly byte[] _buffer = new byte[4096];
    private int _start;
    private int _end;
    private int _headerBytes;

    /// <summary>The next image's size, in pixels.</summary>
    /// <returns>False when the stream ended cleanly between two images.</returns>
    /// <exception cref="InvalidDataException">This is not PPM, or a side is out of range.</exception>
    /// <exception cref="EndOfStreamException">The stream ended within the header.</exception>
    public bool TryReadHeader(out int width, out int height)
    {
        width = height = 0;
        _headerBytes = 0;
        if (_start == _end && !Fill())
        {
            return false;
        }

        if (Next() != 'P' || Next() != '6')
        {
            throw new InvalidDataException("the decoder wrote something other than PPM pictures");
        }

        if (!IsSpace(Next()))
        {
            throw new InvalidDataException("the picture's header is malformed");
        }

        width = Number("width", FramePool.MaxSide);
        height = Number("height", FramePool.MaxSide);
        if (Number("largest value", 255) != 255)
        {
            throw new InvalidDataException("the decoder wrote pictures that do not have 8 bits a channel");
        }

        return true;
    }

    /// <summary>Fills <paramref name="pixels"/>, width * height * 3 bytes, RGB.</summary>
    /// <exception cref="EndOfStreamException">The stream ended within the image.</exception>
    public void ReadPixels(Span<byte> pixels)
    {
        var buffered = Math.Min(pixels.Length, _end - _start);
        _buffer.AsSpan(_start, buffered).CopyTo(pixels);
        _start += buffered;
        stream.ReadExactly(pixels[buffered..]);
    }

    /// <summary>Passes over an image's pixels, width * height * 3 bytes.</summary>
    /// <exception cref="EndOfStreamException">The stream ended within the image.</exception>
    public void SkipPixels(long bytes)
    {
        while (bytes > 0)
        {
            if (_start == _end && !Fill())
            {
                throw new EndOfStreamException("the stream ended within a picture");
            }

            var passed = (int)Math.Min(bytes, _end - _start);
            _start += passed;
            bytes -= passed;
        }
    }

    /// <summary>Digits and the single white space that ends them.</summary>
    private int Number(string name, int largest)
    {
        var value = 0;
        var digits = 0;
        int next;
        while (char.IsAsciiDigit((char)(next = Next())))
        {
            value = (value * 10) + (next - '0');
            digits++;
            if (value > largest)
            {
                throw new InvalidDataException(string.Create(
                    CultureInfo.InvariantCulture, $"the picture's {name} is above {largest}"));
            }
        }

        if (digits == 0 || value == 0 || !IsSpace(next))
        {
            throw new InvalidDataException($"the picture's {name} is malformed");
        }

        return value;
    }

    private int Next()
    {
        if (++_headerBytes > LongestHeader)
        {
            throw new InvalidDataException("the picture's header does not end");
        }

        if (_start == _end && !Fill())
        {
            throw new EndOfStreamException("the stream ended within a picture's header");
        }

        return _buffer[_start++];
    }

    private bool Fill()
    {
        _start = 0;
        _end = stream.Read(_buffer);
        return _end > 0;
    }

    private static bool IsSpace(int value) => value is ' ' or '\n' or '\r' or '\t';
}
