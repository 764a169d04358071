using Microsoft.Extensions.Logging.Abstractions;
using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Connectors.Frames;

namespace MobileVlm.Edge.Actors.Tests.Scenes;

/// <summary>The demo clip: 64 seconds of a front gate by day and night, ten frames per second.</summary>
internal static class GateClip
{
    public const int Frames = 640;

    private static readonly Lazy<IReadOnlyDictionary<int, ScenePicture>> Kept = new(Read);

    /// <summary>The first frame of a second, smaller than it was, which makes tests faster.</summary>
    public static ScenePicture Second(int second) => Kept.Value[second * 10];

    /// <summary>Every frame in order, as it is decoded.</summary>
    public static void ForEach(Action<int, Frame> take)
    {
        var at = 0;
        var source = CameraSources.Create(
            new CameraSettings { Id = new CameraId("gate"), Source = Find(), Loop = false, Pace = Pace.Fast },
            new FramePool(), TimeProvider.System, NullLogger.Instance);
        var end = source.CaptureAsync(
            frame =>
            {
                using (frame)
                {
                    take(at++, frame);
                }
            },
            CancellationToken.None).GetAwaiter().GetResult();
        Assert.Equal((CaptureEndKind.Finished, Frames), (end.Kind, end.Frames));
    }

    private static Dictionary<int, ScenePicture> Read()
    {
        var kept = new Dictionary<int, ScenePicture>();
        ForEach((at, frame) =>
        {
            if (at % 10 == 0)
            {
                kept[at] = new ScenePicture(frame.Width, frame.Height, frame.Pixels.ToArray()).Resized(320, 240);
            }
        });
        return kept;
    }

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var clip = Path.Combine(folder.FullName, "Deploy", "demo", "gate.mp4");
            if (File.Exists(clip))
            {
                return clip;
            }
        }

        throw new FileNotFoundException($"There is no Deploy/demo/gate.mp4 above {AppContext.BaseDirectory}.");
    }
}
