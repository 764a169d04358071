using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Scenes;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Connectors.Frames;

namespace MobileVlm.Edge.Actors.Capture;

/// <summary>Uploaded pictures, each with its questions. Each goes through the pipeline on its own, in turn with the cameras; none
/// replaces another. How many wait is bounded by the caller.</summary>
internal sealed class UploadedFrameIntake(WakeSignal wake) : IFrameIntake
{
    private readonly Lock _lock = new();
    private readonly List<(Frame Picture, IReadOnlyList<AdHocQuestion> Questions)> _waiting = [];
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

    /// <summary>Takes over the picture. Questions about different parts of it get a copy for each part.</summary>
    /// <returns>False when the service stops or all questions have ended; the picture is disposed then.</returns>
    public bool Add(Frame picture, IReadOnlyList<AdHocQuestion> questions)
    {
        lock (_lock)
        {
            if (_closed || questions.All(question => question.IsCompleted))
            {
                picture.Dispose();
                return false;
            }

            foreach (var (at, part) in questions.GroupBy(question => question.Region).Index())
            {
                _waiting.Add((at == 0 ? picture : picture.Copy(), [.. part]));
            }
        }

        wake.Set();
        return true;
    }

    /// <summary>Removes the picture of a question that has ended, if it still waits and has no other question.</summary>
    public void Withdraw(AdHocQuestion question)
    {
        lock (_lock)
        {
            foreach (var (picture, _) in _waiting.Where(IsOver))
            {
                picture.Dispose();
            }

            _waiting.RemoveAll(IsOver);
        }

        bool IsOver((Frame Picture, IReadOnlyList<AdHocQuestion> Questions) upload) =>
            upload.Questions.Contains(question) && upload.Questions.All(other => other == question || other.IsCompleted);
    }

    public PickedFrame? Pick()
    {
        lock (_lock)
        {
            if (_waiting.Count == 0)
            {
                return null;
            }

            var (picture, questions) = _waiting[0];
            _waiting.RemoveAt(0);
            return new PickedFrame(picture, [], questions);
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
