using Akka.Streams;
using Akka.Streams.Stage;
using MobileVlm.Edge.Actors.Capture;
using MobileVlm.Edge.Actors.Pacing;

namespace MobileVlm.Edge.Actors.Pipeline;

/// <summary>Emits, on demand and while <see cref="InFlightLimit"/> has a free place, the newest frame of the next camera that has a
/// question due. While the engine rests, these are frames with ad-hoc questions. Completes when every camera has ended and no frame waits.</summary>
internal sealed class DueFrameStage(FramePicker picker, InFlightLimit limit, WakeSignal wake, EngineDuty? duty = null)
    : GraphStage<SourceShape<InFlightFrame>>
{
    private readonly Outlet<InFlightFrame> _out = new("DueFrame.out");

    public override SourceShape<InFlightFrame> Shape => new(_out);

    protected override GraphStageLogic CreateLogic(Attributes inheritedAttributes) =>
        new Logic(Shape, picker, limit, wake, duty);

    private sealed class Logic : OutGraphStageLogic
    {
        private readonly Outlet<InFlightFrame> _out;
        private readonly FramePicker _picker;
        private readonly InFlightLimit _limit;
        private readonly WakeSignal _wake;
        private readonly EngineDuty? _duty;
        private Action _onWake = () => { };

        public Logic(SourceShape<InFlightFrame> shape, FramePicker picker, InFlightLimit limit, WakeSignal wake, EngineDuty? duty)
            : base(shape)
        {
            _out = shape.Outlet;
            _picker = picker;
            _limit = limit;
            _wake = wake;
            _duty = duty;
            SetHandler(_out, this);
        }

        private bool IsResting => _duty?.IsResting ?? false;

        private bool MayPick => IsAvailable(_out) && _limit.HasCapacity;

        public override void PreStart()
        {
            _onWake = GetAsyncCallback(Serve);
            Serve();
        }

        public override void OnPull() => Serve();

        public override void PostStop() => _wake.Disarm(_onWake);

        private InFlightFrame? Select()
        {
            _limit.IsSelecting = true;
            try
            {
                return _picker.PickLocal(IsResting) is { } next ? _limit.Admit(next.Intake, next.Picked) : null;
            }
            finally
            {
                _limit.IsSelecting = false;
            }
        }

        private void Serve()
        {
            do
            {
                _limit.AcknowledgeNudge();
                if (_picker.AllDone)
                {
                    CompleteStage();
                    return;
                }

                if (MayPick && Select() is { } selected)
                {
                    Push(_out, selected);
                }

                _wake.Arm(_onWake);
            }
            // Checked again after arming: a signal that came before is not remembered.
            while (_picker.AllDone || _limit.IsNudged || (MayPick && _picker.HasLocalFrame(IsResting)));
        }
    }
}
