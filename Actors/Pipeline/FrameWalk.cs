using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Actors.Pipeline;

/// <summary>One frame on its way through the pipeline, from selection to answer: it owns the pixels, later the
/// visual tokens, and a place in <see cref="PipelinePlaces"/>. Disposing gives all of them back.</summary>
internal sealed class FrameWalk(
    CameraLane lane, Frame frame, IReadOnlyList<StandingQuestion> due, PipelinePlaces places) : IDisposable
{
    private VisualTokens? _tokens;
    private int _disposed;

    public CameraLane Lane => lane;

    public Frame Frame => frame;

    public IReadOnlyList<StandingQuestion> Due => due;

    /// <summary>What of the picture these questions look at; null all of it.</summary>
    public PictureRegion? Region => due[0].Region;

    /// <summary>The picture was looked at and has tokens to think about, or need not be.</summary>
    public bool IsSeen => _tokens is not null || StillValid is not null;

    /// <summary>What the camera's gate compares; null where it has none.</summary>
    public SceneView? View { get; set; }

    /// <summary>Earlier answers to the due questions, in their order, where the scene is still the same; else null.</summary>
    public IReadOnlyList<IReadOnlyList<Answer>>? StillValid { get; set; }

    /// <summary>Set by stage 1, disposed with the walk.</summary>
    public VisualTokens Tokens
    {
        get => _tokens ?? throw new InvalidOperationException("This frame was not looked at.");
        set => _tokens = value;
    }

    public TimeSpan EncodeTime { get; set; }

    /// <summary>The still of this very frame, or null if none is wanted or it could not be made. Whoever ends the
    /// walk in order waits for it first, since it reads the pixels.</summary>
    public Task<byte[]?> Still { get; set; } = Task.FromResult<byte[]?>(null);

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            frame.Dispose();
            _tokens?.Dispose();
            places.Leave(this);
        }
    }
}
