using MobileVlm.Edge.Connectors.Frames;

namespace MobileVlm.Edge.Actors.Capture;

/// <summary>The one frame of a camera that may wait: a newer one takes its place. Thread-safe.</summary>
internal sealed class NewestFrame
{
    private Frame? _frame;
    private volatile bool _ended;
    private volatile bool _closed;

    /// <summary>Whether no frame waits and none will come.</summary>
    public bool IsDone => _ended && Volatile.Read(ref _frame) is null;

    public bool IsWaiting => Volatile.Read(ref _frame) is not null;

    /// <summary>Takes over the frame; the one that waited is disposed.</summary>
    /// <returns>True if one was replaced.</returns>
    public bool Put(Frame frame)
    {
        var replaced = Interlocked.Exchange(ref _frame, frame);
        replaced?.Dispose();
        if (_closed)
        {
            Take()?.Dispose();
        }

        return replaced is not null;
    }

    /// <summary>Has a copy of a frame that was taken wait once more, unless a newer one waits. The frame stays the
    /// caller's.</summary>
    /// <returns>True if the copy waits.</returns>
    public bool PutBack(Frame frame)
    {
        if (IsWaiting || _closed)
        {
            return false;
        }

        var copy = frame.Copy();
        if (Interlocked.CompareExchange(ref _frame, copy, null) is not null)
        {
            copy.Dispose();
            return false;
        }

        if (_closed)
        {
            Take()?.Dispose();
        }

        return true;
    }

    /// <summary>The waiting frame, which the caller owns from now on.</summary>
    public Frame? Take() => Interlocked.Exchange(ref _frame, null);

    /// <summary>Ends the intake of frames; the waiting one can still be taken.</summary>
    public void End() => _ended = true;

    /// <summary>The waiting frame and all that come are disposed.</summary>
    public void Close()
    {
        _closed = true;
        _ended = true;
        Take()?.Dispose();
    }
}
