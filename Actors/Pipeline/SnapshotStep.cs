using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Connectors.Frames;

namespace MobileVlm.Edge.Actors.Pipeline;

/// <summary>Begins the snapshot of a frame on a thread of its own, and releases the frame's pixels behind it.</summary>
/// <param name="run">Runs work on the snapshot thread.</param>
/// <param name="frameToJpeg">Encodes a frame.</param>
/// <param name="keepsPixels">A frame without a snapshot keeps its pixels until it is answered, because the history may need one then.</param>
/// <param name="logger">For snapshots that fail.</param>
internal sealed class SnapshotStep(
    Func<Func<byte[]?>, Task<byte[]?>> run, Func<Frame, byte[]> frameToJpeg, bool keepsPixels, ILogger<EncodeStep> logger)
{
    /// <summary>Sets <see cref="InFlightFrame.Snapshot"/>: it shows this very frame, and no stage waits while it is encoded.</summary>
    public void Begin(InFlightFrame frame)
    {
        if (!frame.Intake.Configuration.Snapshot || frame.DueQuestions.Count == 0)
        {
            if (!keepsPixels || frame.DueQuestions.Count == 0)
            {
                frame.Frame.Dispose();
            }

            return;
        }

        frame.Snapshot = run(() =>
        {
            try
            {
                return frameToJpeg(frame.Frame);
            }
            catch (Exception fault)
            {
                // An answer without its snapshot is worth more than neither.
                EncodeStep.LogNoSnapshot(logger, fault, frame.Frame.Camera, frame.Frame.Sequence);
                return null;
            }
            finally
            {
                frame.Frame.Dispose();
            }
        });
    }
}
