using Akka.Actor;
using MobileVlm.Edge.Actors.Capture;
using MobileVlm.Edge.Actors.Publishing;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Actors.States;
using MobileVlm.Edge.Actors.Supervision;
using MobileVlm.Edge.Connectors.Cameras;

namespace MobileVlm.Edge.Actors;

/// <content>Changes of cameras and questions at run time.</content>
public sealed partial class EdgeSystem
{
    /// <summary>Replaces the cameras and questions. What did not change continues undisturbed: a camera whose questions alone changed
    /// keeps its stream; a question that stayed keeps its pace, its state and its switch.</summary>
    /// <param name="plans">All cameras.</param>
    /// <param name="fresh">The sources of cameras that are new or are to be opened again.</param>
    /// <exception cref="ArgumentException">A new camera has no source.</exception>
    /// <exception cref="InvalidOperationException">The system is not running.</exception>
    public void Change(IReadOnlyList<CameraConfiguration> plans, IReadOnlyList<ICameraSource> fresh)
    {
        lock (_stopLock)
        {
            if (_system is null || _stop is not null)
            {
                throw new InvalidOperationException("Only a running edge system can be changed.");
            }

            var before = _intakes.Current;
            var sources = new Dictionary<CameraIntake, ICameraSource>();
            var now = plans.Select(plan => IntakeOf(plan, before, fresh, sources)).ToList();
            var gone = before.SelectMany(intake => TopicsOf(intake.Configuration)).Except(plans.SelectMany(TopicsOf)).ToList();
            _states.Configure(plans);
            _history?.Configure(plans);
            foreach (var (intake, plan) in now.Zip(plans).Where(it => it.First.Configuration != it.Second))
            {
                intake.Change(plan);
            }

            // Together, and the new ones before the old ones end: a moment without any camera would be the end of all.
            _intakes.Change(now);
            foreach (var intake in before.Except(now))
            {
                intake.Close();
            }

            _supervisor.Tell(new ChangeCameras(now, sources, new CamerasReconfigured(plans, gone)));
        }
    }

    private CameraIntake IntakeOf(CameraConfiguration plan) =>
        new(plan, _counters[plan.Id], _states, _wake, _settings.Pipeline.MaxFrameAge, _time, isExclusive: _settings.Cluster is not null, _duty, () => _pace.IntervalFactor);

    private CameraIntake IntakeOf(
        CameraConfiguration plan,
        IReadOnlyList<CameraIntake> before,
        IReadOnlyList<ICameraSource> fresh,
        Dictionary<CameraIntake, ICameraSource> sources)
    {
        if (fresh.FirstOrDefault(source => source.Id == plan.Id) is { } source)
        {
            var intake = IntakeOf(plan);
            sources.Add(intake, source);
            return intake;
        }

        return before.FirstOrDefault(intake => intake.Configuration.Id == plan.Id)
            ?? throw new ArgumentException($"Camera '{plan.Id}' is new and has no source.", nameof(fresh));
    }

    private IEnumerable<string> TopicsOf(CameraConfiguration plan) =>
        MessageFactory.TopicsOf(_dependencies.Topics, plan.Id)
            .Concat(plan.Questions.SelectMany(question => MessageFactory.TopicsOf(_dependencies.Topics, plan.Id, question)));
}
