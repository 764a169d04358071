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
    private readonly List<(Frame Picture, Queue<IReadOnlyList<AdHocQuestion>> Parts)> _waiting = [];
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

    /// <summary>Takes over the picture. Questions about different parts of it are picked one part after the other.</summary>
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

            _waiting.Add((picture, new(questions.GroupBy(question => question.Region).Select(part => part.ToList()))));
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

        bool IsOver((Frame Picture, Queue<IReadOnlyList<AdHocQuestion>> Parts) upload)
        {
            var all = upload.Parts.SelectMany(part => part);
            return all.Contains(question) && all.All(other => other == question || other.IsCompleted);
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

            var (picture, parts) = _waiting[0];
            var questions = parts.Dequeue();
            if (parts.Count > 0)
            {
                // Each part goes through the pipeline with a frame of its own; only the next one is copied.
                return new PickedFrame(picture.Copy(), [], questions);
            }

            _waiting.RemoveAt(0);
            return new PickedFrame(picture, [], questions);
        }
    }

    /// <inheritdoc/>
    public void End(PickedFrame picked, bool isLost)
    {
        // Each picture is asked about once.
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
