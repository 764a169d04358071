using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Scenes;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Connectors.Frames;

namespace MobileVlm.Edge.Actors.Capture;

/// <summary>Uploaded pictures with their questions. Each goes through the pipeline on its own, in turn with the cameras; none
/// replaces another. How many wait is bounded by the caller.</summary>
internal sealed class UploadedFrameIntake(WakeSignal wake) : IFrameIntake
{
    private readonly Lock _lock = new();
    private readonly List<(Frame Picture, AdHocQuestion Question)> _waiting = [];
    private bool _closed;

    /// <summary>Stands in for a camera id; no topic has it.</summary>
    public static CameraId Name { get; } = new("picture");

    public CameraConfiguration Configuration { get; } = new(Name, [], Snapshot: false);

    public CameraCounters Counters { get; } = new();

    public SceneGate? Gate => null;

    public bool HasFrame
    {
        get
        {
            lock (_lock)
            {
                return _waiting.Count > 0;
            }
        }
    }

    /// <summary>Takes over the picture.</summary>
    /// <returns>False when the service stops or the question has ended; the picture is disposed then.</returns>
    public bool Add(Frame picture, AdHocQuestion question)
    {
        lock (_lock)
        {
            if (_closed || question.IsCompleted)
            {
                picture.Dispose();
                return false;
            }

            _waiting.Add((picture, question));
        }

        wake.Set();
        return true;
    }

    /// <summary>Removes a question and its picture, if they still wait.</summary>
    public void Withdraw(AdHocQuestion question)
    {
        lock (_lock)
        {
            foreach (var (picture, _) in _waiting.Where(it => it.Question == question))
            {
                picture.Dispose();
            }

            _waiting.RemoveAll(it => it.Question == question);
        }
    }

    public PickedFrame? Pick()
    {
        lock (_lock)
        {
            if (_waiting.Count == 0)
            {
                return null;
            }

            var (picture, question) = _waiting[0];
            _waiting.RemoveAt(0);
            return new PickedFrame(picture, [], [question]);
        }
    }

    /// <summary>The service stops: what waits is dropped.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _closed = true;
            foreach (var (picture, _) in _waiting)
            {
                picture.Dispose();
            }

            _waiting.Clear();
        }
    }
}
