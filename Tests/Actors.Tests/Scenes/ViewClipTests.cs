using MobileVlm.Edge.Actors.Scenes;

namespace MobileVlm.Edge.Actors.Tests.Scenes;

/// <summary>All of the demo clip, twice, so that the jump from its night to its day is in it.</summary>
public sealed class ViewClipTests
{
    [Fact]
    public void No_frame_of_the_clip_by_day_or_night_is_reported_at_any_frame_rate()
    {
        // Frames left out between two that are seen, and the first one that is seen.
        (int Every, int From)[] rates = [(1, 0), (2, 1), (5, 3), (10, 7), .. Enumerable.Range(0, 10).Select(i => (100, i * 10))];
        var monitors = rates.Select(rate => (rate.Every, rate.From, Monitor: new ViewMonitor())).ToArray();
        var plane = new GrayImage();
        var reported = new List<string>();
        for (var pass = 0; pass < 2; pass++)
        {
            GateClip.ForEach((at, frame) =>
            {
                var frames = (pass * GateClip.Frames) + at;
                plane.Read(frame);
                foreach (var (every, from, monitor) in monitors.Where(it => frames % it.Every == it.From))
                {
                    monitor.Examine(plane, TimeSpan.FromSeconds(frames / 10.0), TimeSpan.FromMinutes(10));
                    if (monitor.State != ViewState.Normal)
                    {
                        reported.Add($"every {every} from {from}, frame {frames}: {monitor.State}");
                    }
                }
            });
        }

        Assert.Empty(reported);
    }
}
