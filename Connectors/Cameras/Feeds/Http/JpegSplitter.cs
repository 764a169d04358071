using System.Buffers;

namespace MobileVlm.Edge.Connectors.Cameras.Feeds.Http;

/// <summary>Takes JPEG images out of a stream by their own markers, and ignores what is between them. Boundaries, lengths and types of
/// parts are ignored: cameras leave them out and get them wrong, but the images are right.</summary>
/// <param name="reader">Reads on into a buffer; returns 0 at the end.</param>
internal sealed class JpegSplitter(Func<Memory<byte>, CancellationToken, int> reader) : IDisposable
{
    /// <summary>Largest image, in bytes; 8192 x 8192 pixels of good quality.</summary>
    public const int MaxBytes = 32 * 1024 * 1024;

    /// <summary>Number of bytes without an image after which a stream counts as one without images.</summary>
    private const int MaxBetween = 4 * 1024 * 1024;

    private const int FirstBuffer = 64 * 1024;
    private const byte Start = 0xD8;
    private const byte End = 0xD9;
    private const byte Scan = 0xDA;

    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(FirstBuffer);
    private int _begin;
    private int _end;

    /// <summary>Offset from <see cref="_begin"/> at which the search continues.</summary>
    private int _searched;
    private bool _inPicture;
    private bool _inScan;
    private long _between;

    /// <summary>Splits what a camera answers.</summary>
    public JpegSplitter(HttpCameraResponse answer)
        : this(answer.Read)
    {
    }

    public static bool StartsJpeg(ReadOnlySpan<byte> data) => data.StartsWith<byte>([0xFF, Start, 0xFF]);

    /// <summary>The next image. One whose end is missing goes up to the start of the next one or the end of the stream; its decoder
    /// decides whether it is whole.</summary>
    /// <returns>Empty at the end of the stream. Valid until the next call.</returns>
    /// <exception cref="InvalidDataException">An image, or what is between two, is too long.</exception>
    public ReadOnlySpan<byte> Next(CancellationToken cancel)
    {
        while (true)
        {
            if (Find() is { } length)
            {
                var picture = _buffer.AsSpan(_begin, length);
                Pass(length);
                return picture;
            }

            if (!Fill(cancel))
            {
                var rest = _inPicture ? _buffer.AsSpan(_begin, _end - _begin) : default;
                Pass(_end - _begin);
                return rest;
            }
        }
    }

    public void Dispose()
    {
        var buffer = Interlocked.Exchange(ref _buffer, []);
        if (buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Continues the search in the bytes that were read.</summary>
    /// <returns>The length of the image at the beginning, or null when more must be read.</returns>
    private int? Find()
    {
        var data = _buffer.AsSpan(_begin, _end - _begin);
        if (!_inPicture && !FindStart(ref data))
        {
            return null;
        }

        while (true)
        {
            if (_inScan && !SkipScan(data))
            {
                return null;
            }

            // At a marker: FF, any number of FF more, its code.
            if (data.Length < _searched + 2)
            {
                return null;
            }

            if (data[_searched] != 0xFF)
            {
                // Damaged. It ends here; what follows is examined as a new image.
                return _searched;
            }

            var code = data[_searched + 1];
            switch (code)
            {
                case 0xFF:
                    _searched++;
                    break;
                case End:
                    return _searched + 2;
                case Start when _searched > 0:
                    return _searched;
                case Start or 0x01 or (>= 0xD0 and <= 0xD7):
                    _searched += 2;
                    break;
                default:
                    if (data.Length < _searched + 4)
                    {
                        return null;
                    }

                    var next = _searched + 2 + ((data[_searched + 2] << 8) | data[_searched + 3]);
                    if (data.Length < next)
                    {
                        return null;
                    }

                    _searched = next;
                    _inScan = code == Scan;
                    break;
            }
        }
    }

    private bool FindStart(ref Span<byte> data)
    {
        var start = data.IndexOf<byte>([0xFF, Start, 0xFF]);
        var passed = start >= 0 ? start : Math.Max(0, data.Length - 2);
        _between += passed;
        if (_between > MaxBetween)
        {
            throw new InvalidDataException($"no JPEG picture within {MaxBetween / 1024 / 1024} MiB");
        }

        _begin += passed;
        data = data[passed..];
        if (start < 0)
        {
            return false;
        }

        (_inPicture, _inScan, _searched, _between) = (true, false, 0, 0);
        return true;
    }

    /// <summary>Compressed data, in which FF occurs before 00 or a restart marker only.</summary>
    private bool SkipScan(ReadOnlySpan<byte> data)
    {
        while (true)
        {
            var next = data[_searched..].IndexOf((byte)0xFF);
            if (next < 0)
            {
                _searched = data.Length;
                return false;
            }

            _searched += next;
            if (_searched + 1 >= data.Length)
            {
                return false;
            }

            if (data[_searched + 1] is not (0 or (>= 0xD0 and <= 0xD7)))
            {
                _inScan = false;
                return true;
            }

            _searched += 2;
        }
    }

    private void Pass(int bytes)
    {
        _begin += bytes;
        (_inPicture, _searched) = (false, 0);
    }

    private bool Fill(CancellationToken cancel)
    {
        var kept = _end - _begin;
        if (_begin > 0)
        {
            Buffer.BlockCopy(_buffer, _begin, _buffer, 0, kept);
            (_begin, _end) = (0, kept);
        }

        if (_end == _buffer.Length)
        {
            if (_buffer.Length >= MaxBytes)
            {
                throw new InvalidDataException($"a picture of more than {MaxBytes / 1024 / 1024} MiB, which is the limit");
            }

            var larger = ArrayPool<byte>.Shared.Rent(Math.Min(_buffer.Length * 2, MaxBytes));
            Buffer.BlockCopy(_buffer, 0, larger, 0, kept);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
        }

        var read = reader(_buffer.AsMemory(_end), cancel);
        _end += read;
        return read > 0;
    }
}
