using Akka.Streams;
using Akka.Streams.Stage;
using MobileVlm.Edge.Actors.Capture;

namespace MobileVlm.Edge.Actors.Pipeline;

/// <summary>Emits, when asked and while there is room, the newest frame of the next camera in turn that has one with
/// a question due. Sleeps otherwise. Completes when every camera has ended and no frame waits.</summary>
internal sealed class DueFrameStage(
    CameraLanes lanes, PictureLane pictures, PipelinePlaces places, Doorbell bell)
    : GraphStage<SourceShape<FrameWalk>>
{
    private readonly Outlet<FrameWalk> _out = new("DueFrame.out");

    public override SourceShape<FrameWalk> Shape => new(_out);

    protected override GraphStageLogic CreateLogic(Attributes inheritedAttributes) =>
        new Logic(Shape, lanes, pictures, places, bell);

    private sealed class Logic : OutGraphStageLogic
    {
        private readonly Outlet<FrameWalk> _out;
        private readonly CameraLanes _lanes;
        private readonly PictureLane _pictures;
        private readonly PipelinePlaces _places;
        private readonly Doorbell _bell;
        private Action _wake = () => { };
        private int _turn;

        public Logic(
            SourceShape<FrameWalk> shape,
            CameraLanes lanes,
            PictureLane pictures,
            PipelinePlaces places,
            Doorbell bell)
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
        private IReadOnlyList<IFrameLane> Lanes => [.. _lanes.Now, _pictures];

        // Whether another picture is sent is never known, so a box whose cameras have ended does not wait for it.
        private bool AllDone => _lanes.AreDone && !_pictures.IsWaiting;

        private bool MayPick => IsAvailable(_out) && _places.HasRoom;

        public override void PreStart()
        {
            _wake = GetAsyncCallback(Serve);
            Serve();
        }

        public override void OnPull() => Serve();

        public override void PostStop() => _bell.LeaveBed(_wake);

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

                _bell.SleepUntilRung(_wake);
            }
            // Asked after lying down: what rang before that was not heard.
            while (AllDone || (MayPick && Lanes.Any(lane => lane.IsWaiting)));
        }

        private FrameWalk? Pick()
        {
            var lanes = Lanes;
            for (var i = 0; i < lanes.Count; i++)
            {
                var at = (_turn + i) % lanes.Count;
                if (lanes[at].Pick() is { } picked)
                {
                    // The camera that was served comes last next time, however fast it is.
                    _turn = (at + 1) % lanes.Count;
                    return _places.Enter(lanes[at], picked);
                }
            }

            return null;
        }
    }
}
