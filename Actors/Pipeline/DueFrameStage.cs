using Akka.Streams;
using Akka.Streams.Stage;
using MobileVlm.Edge.Actors.Capture;

namespace MobileVlm.Edge.Actors.Pipeline;

/// <summary>Emits, when asked and while there is room, the newest frame of the next camera in turn that has one with
/// a question due. Sleeps otherwise. Completes when every camera has ended and no frame waits.</summary>
internal sealed class DueFrameStage(
    FrameIntakes lanes, UploadedFrameIntake pictures, InFlightLimit places, WakeSignal bell)
    : GraphStage<SourceShape<InFlightFrame>>
{
    private readonly Outlet<InFlightFrame> _out = new("DueFrame.out");

    public override SourceShape<InFlightFrame> Shape => new(_out);

    protected override GraphStageLogic CreateLogic(Attributes inheritedAttributes) =>
        new Logic(Shape, lanes, pictures, places, bell);

    private sealed class Logic : OutGraphStageLogic
    {
        private readonly Outlet<InFlightFrame> _out;
        private readonly FrameIntakes _lanes;
        private readonly UploadedFrameIntake _pictures;
        private readonly InFlightLimit _places;
        private readonly WakeSignal _bell;
        private Action _wake = () => { };
        private int _turn;

        public Logic(
            SourceShape<InFlightFrame> shape,
            FrameIntakes lanes,
            UploadedFrameIntake pictures,
            InFlightLimit places,
            WakeSignal bell)
            : base(shape)
        {
            _out = shape.Outlet;
            _lanes = lanes;
            _pictures = pictures;
            _places = places;
            _bell = bell;
            SetHandler(_out, this);
        }

        /// <summary>Sent pictures take their turn as if they were a camera.</summary>
        private IReadOnlyList<IFrameIntake> Lanes => [.. _lanes.Now, _pictures];

        // Whether another picture is sent is never known, so a box whose cameras have ended does not wait for it.
        private bool AllDone => _lanes.AreDone && !_pictures.IsWaiting;

        private bool MayPick => IsAvailable(_out) && _places.HasRoom;

        public override void PreStart()
        {
            _wake = GetAsyncCallback(Serve);
            Serve();
        }

        public override void OnPull() => Serve();

        public override void PostStop() => _bell.Disarm(_wake);

        private void Serve()
        {
            _places.Picking();
            do
            {
                if (AllDone)
                {
                    CompleteStage();
                    return;
                }

                if (MayPick && Pick() is { } walk)
                {
                    Push(_out, walk);
                }

                _bell.Arm(_wake);
            }
            // Asked after lying down: what rang before that was not heard.
            while (AllDone || (MayPick && Lanes.Any(lane => lane.IsWaiting)));
        }

        private InFlightFrame? Pick()
        {
            var lanes = Lanes;
            for (var i = 0; i < lanes.Count; i++)
            {
                var at = (_turn + i) % lanes.Count;
                if (lanes[at].Pick() is { } picked)
                {
                    // The camera that was served comes last next time, however fast it is.
                    _turn = (at + 1) % lanes.Count;
                    return _places.Admit(lanes[at], picked);
                }
            }

            return null;
        }
    }
}
