using MobileVlm.Edge.Actors.AdHoc;
using MobileVlm.Edge.Actors.Capture;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Scenes;
using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Actors.Pipeline;

/// <summary>One frame on its way through the pipeline, from selection to answer: it owns the pixels, later the
/// visual tokens, and a place in <see cref="InFlightLimit"/>. Disposing gives all of them back.</summary>
internal sealed class InFlightFrame(IFrameIntake lane, PickedFrame picked, InFlightLimit places) : IDisposable
{
    private VisualTokens? _tokens;
    private int _disposed;
    private int _counted;

    public IFrameIntake Lane => lane;

    public Frame Frame => picked.Frame;

    public IReadOnlyList<StandingQuestion> Due => picked.Due;

    /// <summary>Questions that are asked once. They end with the walk, whatever becomes of it.</summary>
    public IReadOnlyList<AdHocQuestion> Asks => picked.Asks;

    /// <summary>What of the picture these questions look at; null all of it.</summary>
    public FrameRegion? Region => Due.Count > 0 ? Due[0].Region : null;

    /// <summary>The picture was looked at and has tokens to think about, or need not be.</summary>
    public bool IsSeen => _tokens is not null || StillValid is not null || Unanswerable is not null;

    /// <summary>Why none of the due questions can be answered about this picture; null when they can.</summary>
    public AnswerFailure? Unanswerable { get; set; }

    /// <summary>Null where every picture is asked about, as whoever asks once wants it: about this very one.</summary>
    public SceneGate? Gate => Asks.Count == 0 ? lane.Gate : null;

    /// <summary>What the camera's gate compares; null where it has none.</summary>
    public SceneFingerprint? View { get; set; }

    /// <summary>Earlier answers to the due questions, in their order, where the scene is still the same; else null.</summary>
    public IReadOnlyList<IReadOnlyList<Answer>>? StillValid { get; set; }

    /// <summary>Set by stage 1, disposed with the walk.</summary>
    public VisualTokens Tokens
    {
        get => _tokens ?? throw new InvalidOperationException("This frame was not looked at.");
        set => _tokens = value;
    }

    /// <summary>How old the picture was when it was looked at.</summary>
    public TimeSpan CaptureTime { get; set; }

    public TimeSpan GateTime { get; set; }

    public TimeSpan EncodeTime { get; set; }

    public TimeSpan PrimeTime { get; set; }

    /// <summary>The still of this very frame, or null if none is wanted or it could not be made. Whoever ends the
    /// walk in order waits for it first, since it reads the pixels.</summary>
    public Task<byte[]?> Still { get; set; } = Task.FromResult<byte[]?>(null);

    /// <summary>True for the first caller only: a frame that was counted as used is not counted as failed as well when its
    /// answers are lost with the pipeline.</summary>
    public bool TryCount() => Interlocked.Exchange(ref _counted, 1) == 0;

    /// <summary>Says that it got further, for whoever watches over a pipeline that hangs.</summary>
    public void Moved() => places.Moved();

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            picked.Frame.Dispose();
            _tokens?.Dispose();
            foreach (var ask in picked.Asks)
            {
                ask.Failed("the picture was lost before it could be asked; ask again");
            }

            places.Release(this);
        }
    }
}
