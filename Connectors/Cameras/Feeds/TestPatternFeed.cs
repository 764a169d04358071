using MobileVlm.Edge.Connectors.Cameras.Sources;
using MobileVlm.Edge.Connectors.Images;

namespace MobileVlm.Edge.Connectors.Cameras.Feeds;

/// <summary>The moving test pattern, without end. Numbered by the frame's sequence number.</summary>
internal sealed class TestPatternFeed(PatternSource pattern) : IFrameFeed
{
    public CaptureEnd Run(FeedAttempt attempt)
    {
        var settings = attempt.Settings;
        var (width, height) = PictureScaler.Fit(pattern.Width, pattern.Height, settings.MaxWidth ?? pattern.Width);
        var period = TimeSpan.FromSeconds(
            1 / Math.Min(pattern.Rate * settings.Speed, settings.MaxFrameRate ?? double.PositiveInfinity));
        var due = attempt.Elapsed;
        while (settings.Pace == Pace.Fast ? !attempt.Stop.IsCancellationRequested : attempt.Pause(due - attempt.Elapsed))
        {
            var number = attempt.NextSequence.Value;
            attempt.Deliver(width, height, pixels => TestPattern.Draw(number, pixels, width, height));

            // Keeps the rate on average, but does not catch up after a pause of the whole machine.
            due += period;
            due = due < attempt.Elapsed - period ? attempt.Elapsed : due;
        }

        return attempt.End(CaptureEndKind.Cancelled, "stopped");
    }
}
