using Microsoft.Extensions.Logging.Abstractions;
using MobileVlm.Edge.Connectors.Frames;

namespace MobileVlm.Edge.Connectors.Cameras;

/// <summary>The first frame of a source, or why none came.</summary>
/// <param name="Description">Kind and address of the source, without password.</param>
/// <param name="Frame">Disposed with this object; null when none came.</param>
/// <param name="Elapsed">How long it took.</param>
/// <param name="Reason">Why none came, without password; empty when one came.</param>
public sealed record FirstFrame(string Description, Frame? Frame, TimeSpan Elapsed, string Reason) : IDisposable
{
    /// <summary>Opens a source, waits for its first frame and closes it.</summary>
    /// <param name="settings">The source and how to open it.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancel">Ends the attempt within a second.</param>
    public static async Task<FirstFrame> CaptureAsync(CameraSettings settings, TimeProvider time, CancellationToken cancel)
    {
        var source = CameraSources.Create(settings, new FramePool(), time, NullLogger.Instance);
        using var first = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var started = time.GetTimestamp();
        Frame? taken = null;
        var took = TimeSpan.Zero;
        try
        {
            var end = await source.CaptureAsync(
                frame =>
                {
                    if (taken is not null)
                    {
                        frame.Dispose();
                        return;
                    }

                    (taken, took) = (frame, time.GetElapsedTime(started));
                    first.Cancel();
                },
                first.Token);
            return taken is null
                ? new FirstFrame(source.Description, null, time.GetElapsedTime(started), end.Reason)
                : new FirstFrame(source.Description, taken, took, "");
        }
        catch
        {
            taken?.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Frame?.Dispose();
}
