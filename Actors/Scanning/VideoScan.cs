using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.Pipeline;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Questions.AnswerTypes;
using MobileVlm.Edge.Actors.Scenes;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Connectors.Videos;
using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Actors.Scanning;

/// <summary>Answers questions about the samples of one video, with the service's scene gate. While one sample is answered, the next is encoded
/// on the calling thread, and the source decodes further ones. The result does not depend on the machine's pace. Used for one video; one caller.</summary>
/// <param name="encoder">Stage 1; not disposed here.</param>
/// <param name="answerer">Stage 2; not disposed here.</param>
/// <param name="settings">What is asked.</param>
public sealed class VideoScan(IVisionEncoder encoder, IQuestionAnswerer answerer, ScanSettings settings)
{
    private readonly SampleAsker _asker = new(answerer, settings);
    private readonly VideoClock _clock = new();
    private readonly Dictionary<(int Width, int Height), bool> _emptyRegions = [];

    /// <summary>Answers all samples.</summary>
    /// <param name="samples">In the order of their times; disposed here.</param>
    /// <param name="onFrame">Receives the answers about each sample in order, with its frame, which is valid during the call. Never called by two
    /// threads at once.</param>
    /// <param name="cancel">Ends the scan; what was reported before is valid.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    /// <exception cref="VideoException">The source cannot be read further.</exception>
    public void Run(IEnumerable<VideoFrame> samples, Action<ScannedFrame, Frame> onFrame, CancellationToken cancel)
    {
        var thread = new WorkerThread("mvlm-answer");
        Task<bool> answering = Task.FromResult(true);
        try
        {
            var gate = settings.Gate is { } gateSettings
                ? new SceneGate(gateSettings, new CameraCounters(), question => question.Rules.Thresholds, _clock)
                : null;
            SceneFingerprint? asked = null;
            foreach (var sample in samples)
            {
                var step = new Step(sample);
                try
                {
                    cancel.ThrowIfCancellationRequested();
                    step.Fingerprint = gate is null ? null : new SceneFingerprint(sample.Frame);

                    // A scene that differs from the last one that was asked is asked for certain. Otherwise the gate decides, and it must know
                    // the answers about that one first.
                    if (gate is not null && !(asked?.DifferenceFrom(step.Fingerprint!) > settings.Gate!.Threshold))
                    {
                        Wait(answering);
                        _clock.Set(sample.Time);
                        if (gate.StillValid(step.Fingerprint!, settings.Questions) is { } valid)
                        {
                            onFrame(new ScannedFrame(sample.Time, Reused: true, Parse(valid)), sample.Frame);
                            continue;
                        }
                    }

                    step.Tokens = IsEmpty(sample.Frame) ? null : RegionCrop.Encode(encoder, sample.Frame, settings.Region);
                    Wait(answering);
                    asked = step.Fingerprint;
                    var next = step;
                    answering = thread.RunAsync(() => Answer(next, gate, onFrame, cancel));
                    step = null;
                }
                finally
                {
                    step?.Dispose();
                }
            }

            Wait(answering);
        }
        finally
        {
            // The decoder is in use until the last answer has ended, however this ends.
            ((IAsyncResult)answering).AsyncWaitHandle.WaitOne();
            thread.EndAsync().GetAwaiter().GetResult();
        }
    }

    private bool Answer(Step step, SceneGate? gate, Action<ScannedFrame, Frame> onFrame, CancellationToken cancel)
    {
        using (step)
        {
            var answers = _asker.Ask(step.Sample.Frame, step.Tokens, cancel);
            if (gate is not null && step.Tokens is { } tokens)
            {
                // A question without an answer is asked again even if the scene does not change.
                _clock.Set(step.Sample.Time);
                gate.Remember(step.Fingerprint!, tokens, [.. answers.Where(it => it.Parts.All(part => part.Failure is null))]);
            }

            onFrame(new ScannedFrame(step.Sample.Time, Reused: false, Parse([.. answers.Select(it => it.Parts)])), step.Sample.Frame);
            return true;
        }
    }

    private ParsedAnswer[] Parse(IReadOnlyList<IReadOnlyList<Answer>> answers) =>
        [.. settings.Questions.Zip(answers, (question, parts) => AnswerHandler.Of(question.Kind).Parse(question, parts, question.Rules.Thresholds))];

    private bool IsEmpty(Frame frame)
    {
        if (settings.Region is not { } region)
        {
            return false;
        }

        // Frames of a file keep their size, with few exceptions.
        var size = (frame.Width, frame.Height);
        if (!_emptyRegions.TryGetValue(size, out var isEmpty))
        {
            isEmpty = RegionCrop.IsEmpty(region, frame.Width, frame.Height);
            _emptyRegions[size] = isEmpty;
        }

        return isEmpty;
    }

    private static void Wait(Task work) => work.GetAwaiter().GetResult();

    /// <summary>One sample on its way. Owns it and its tokens.</summary>
    private sealed class Step(VideoFrame sample) : IDisposable
    {
        public VideoFrame Sample => sample;

        public SceneFingerprint? Fingerprint { get; set; }

        public VisualTokens? Tokens { get; set; }

        public void Dispose()
        {
            Tokens?.Dispose();
            sample.Dispose();
        }
    }
}
