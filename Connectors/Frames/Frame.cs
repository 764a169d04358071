namespace MobileVlm.Edge.Connectors.Frames;

/// <summary>Name of a camera as configured: it is part of topics, so letters, digits, <c>_</c> and <c>-</c> only.</summary>
public readonly record struct CameraId
{
    public CameraId(string value)
    {
        ArgumentException.ThrowIfNullOrEmpty(value);
        foreach (var c in value)
        {
            if (!IsAllowed(c))
            {
                throw new ArgumentException(
                    $"Camera name '{value}' holds '{c}'; only letters, digits, '_' and '-' can be used in a topic.",
                    nameof(value));
            }
        }

        Value = value;
    }

    public string Value { get; }

    /// <summary>Reads a name that comes from outside.</summary>
    /// <returns>False if no camera can have it.</returns>
    public static bool TryParse(string text, out CameraId id)
    {
        var isName = text is { Length: > 0 } && text.All(IsAllowed);
        id = isName ? new CameraId(text) : default;
        return isName;
    }

    private static bool IsAllowed(char c) => char.IsAsciiLetterOrDigit(c) || c is '_' or '-';

    public override string ToString() => Value;
}

/// <summary>Counts the frames of one camera since the process started, from 1; it grows over reconnects.</summary>
public readonly record struct FrameSequence(long Value)
{
    public override string ToString() => Value.ToString(System.Globalization.CultureInfo.InvariantCulture);
}

/// <summary>One captured frame: RGB, 8 bit, interleaved, [height, width, 3], rows without padding, in pooled
/// memory. The receiver disposes it, which returns the memory; disposing twice is allowed, reading
/// afterwards throws.</summary>
public sealed class Frame : IDisposable
{
    private readonly FramePool _pool;
    private byte[]? _pixels;

    internal Frame(FramePool pool, byte[] pixels, int width, int height)
    {
        _pool = pool;
        _pixels = pixels;
        Width = width;
        Height = height;
    }

    public int Width { get; }

    public int Height { get; }

    /// <summary>Bytes in use: width * height * 3.</summary>
    public int ByteCount => Width * Height * 3;

    public CameraId Camera { get; init; }

    public FrameSequence Sequence { get; init; }

    /// <summary>Wall clock when the frame left the camera or decoder.</summary>
    public DateTimeOffset CapturedAt { get; init; }

    /// <summary><see cref="TimeProvider.GetTimestamp"/> at the same moment; ages are computed from this, because
    /// edge devices set their clocks at any time.</summary>
    public long CapturedTimestamp { get; init; }

    /// <summary>[height, width, 3].</summary>
    public Span<byte> Pixels =>
        (_pixels ?? throw new ObjectDisposedException(nameof(Frame))).AsSpan(0, ByteCount);

    /// <summary>The same frame in its own memory.</summary>
    public Frame Copy()
    {
        var copy = _pool.Rent(Width, Height, Camera, Sequence, CapturedAt, CapturedTimestamp);
        Pixels.CopyTo(copy.Pixels);
        return copy;
    }

    public void Dispose()
    {
        var pixels = Interlocked.Exchange(ref _pixels, null);
        if (pixels is not null)
        {
            _pool.Return(pixels);
        }
    }
}
