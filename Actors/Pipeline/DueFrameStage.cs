using Akka.Streams;
using Akka.Streams.Stage;
using MobileVlm.Edge.Actors.Capture;

namespace MobileVlm.Edge.Actors.Pipeline;

/// <summary>Emits, on demand and while <see cref="InFlightLimit"/> has a free place, the newest frame of the next camera that has a
/// question due. Completes when every camera has ended and no frame waits.</summary>
internal sealed class DueFrameStage(
    CameraIntakes intakes, UploadedFrameIntake uploads, InFlightLimit limit, WakeSignal wake)
    : GraphStage<SourceShape<InFlightFrame>>
{
    private readonly Outlet<InFlightFrame> _out = new("DueFrame.out");

    public override SourceShape<InFlightFrame> Shape => new(_out);

    protected override GraphStageLogic CreateLogic(Attributes inheritedAttributes) =>
        new Logic(Shape, intakes, uploads, limit, wake);

    private sealed class Logic : OutGraphStageLogic
    {
        private readonly Outlet<InFlightFrame> _out;
        private readonly CameraIntakes _intakes;
        private readonly UploadedFrameIntake _uploads;
        private readonly InFlightLimit _limit;
        private readonly WakeSignal _wake;
        private Action _onWake = () => { };
        private int _next;

        public Logic(
            SourceShape<InFlightFrame> shape,
            CameraIntakes intakes,
            UploadedFrameIntake uploads,
            InFlightLimit limit,
            WakeSignal wake)
            : base(shape)
        {
            _out = shape.Outlet;
            _intakes = intakes;
            _uploads = uploads;
            _limit = limit;
            _wake = wake;
            SetHandler(_out, this);
        }

        /// <summary>Uploaded pictures take their turn like one more camera.</summary>
        private IReadOnlyList<IFrameIntake> Intakes => [.. _intakes.Current, _uploads];

        // A picture can be uploaded at any time, so a pipeline whose cameras have ended does not wait for one.
        private bool AllDone => _intakes.AreDone && !_uploads.HasFrame;

        private bool MayPick => IsAvailable(_out) && _limit.HasCapacity;

        public override void PreStart()
        {
            _onWake = GetAsyncCallback(Serve);
            Serve();
        }

        public override void OnPull() => Serve();

        public override void PostStop() => _wake.Disarm(_onWake);

        private void Serve()
        {
            do
            {
                _limit.AcknowledgeNudge();
                if (AllDone)
                {
                    CompleteStage();
                    return;
                }

                if (MayPick && Pick() is { } frame)
                {
                    Push(_out, frame);
                }

                _wake.Arm(_onWake);
            }
            // Checked again after arming: a signal that came before is not remembered.
            while (AllDone || _limit.IsNudged || (MayPick && Intakes.Any(intake => intake.HasFrame)));
        }

        private InFlightFrame? Pick()
        {
            var intakes = Intakes;
            for (var i = 0; i < intakes.Count; i++)
            {
                var at = (_next + i) % intakes.Count;
                if (intakes[at].Pick() is { } picked)
                {
                    // The camera that was served comes last next time, however fast it is.
                    _next = (at + 1) % intakes.Count;
                    return _limit.Admit(intakes[at], picked);
                }
            }

            return null;
        }
    }
}
