using Akka.Streams;
using Akka.Streams.Stage;
using MobileVlm.Edge.Actors.Capture;

namespace MobileVlm.Edge.Actors.Pipeline;

/// <summary>Emits, on demand and while <see cref="InFlightLimit"/> has a free place, the newest frame of the next camera that has a
/// question due. Completes when every camera has ended and no frame waits.</summary>
internal sealed class DueFrameStage(FramePicker picker, InFlightLimit limit, WakeSignal wake)
    : GraphStage<SourceShape<InFlightFrame>>
{
    private readonly Outlet<InFlightFrame> _out = new("DueFrame.out");

    public override SourceShape<InFlightFrame> Shape => new(_out);

    protected override GraphStageLogic CreateLogic(Attributes inheritedAttributes) =>
        new Logic(Shape, picker, limit, wake);

    private sealed class Logic : OutGraphStageLogic
    {
        private readonly Outlet<InFlightFrame> _out;
        private readonly FramePicker _picker;
        private readonly InFlightLimit _limit;
        private readonly WakeSignal _wake;
        private Action _onWake = () => { };

        public Logic(SourceShape<InFlightFrame> shape, FramePicker picker, InFlightLimit limit, WakeSignal wake)
            : base(shape)
        {
            _out = shape.Outlet;
            _picker = picker;
            _limit = limit;
            _wake = wake;
            SetHandler(_out, this);
        }

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
                return _picker.Pick() is { } next ? _limit.Admit(next.Intake, next.Picked) : null;
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
            while (_picker.AllDone || _limit.IsNudged || (MayPick && _picker.HasFrame));
        }
    }
}
