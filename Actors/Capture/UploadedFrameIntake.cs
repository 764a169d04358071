using MobileVlm.Edge.Actors.AdHoc;
using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.Pipeline;
using MobileVlm.Edge.Actors.Scenes;
using MobileVlm.Edge.Connectors.Cameras;

namespace MobileVlm.Edge.Actors.Capture;

/// <summary>Pictures that came together with a question. Each gets a walk of its own when the lane's turn comes, beside
/// the cameras; none takes the place of another. How many wait is bounded by whoever adds.</summary>
internal sealed class UploadedFrameIntake(WakeSignal wake) : IFrameIntake
{
    private readonly Lock _lock = new();
    private readonly List<(Frame Picture, AdHocQuestion Question)> _waiting = [];
    private bool _closed;

    /// <summary>Stands in for a camera's name; no topic has it.</summary>
    public static CameraId Name { get; } = new("picture");

    public CameraPlan Plan { get; } = new(Name, [], Snapshot: false);

    public CameraCounters Counters { get; } = new();

    public SceneGate? Gate => null;

    public bool IsWaiting
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
    /// <returns>False when the box stops or the question is over; the picture is disposed then.</returns>
    public bool Add(Frame picture, AdHocQuestion question)
    {
        lock (_lock)
        {
            if (_closed || question.IsOver)
            {
                picture.Dispose();
                return false;
            }

            _waiting.Add((picture, question));
        }

        wake.Set();
        return true;
    }

    /// <summary>Forgets a question and its picture, if they still wait.</summary>
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

    /// <summary>The box stops: nothing that waits is looked at any more.</summary>
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
