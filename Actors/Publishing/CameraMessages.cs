using MobileVlm.Edge.Actors.Capture;
using MobileVlm.Edge.Actors.Scenes;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Actors.States;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Connectors.Mqtt.Client;

namespace MobileVlm.Edge.Actors.Publishing;

/// <summary>The retained messages about cameras and questions besides their answers: availability, views, switches,
/// snoozes, the mode and the devices of Home Assistant.</summary>
internal sealed class CameraMessages(
    MessageFactory messages, QuestionStates questions, DeviceAnnouncer devices, Func<CameraId, bool> isOnline)
{
    /// <summary>All of them, for the first connection.</summary>
    public IEnumerable<OutboundMessage> First(IReadOnlyList<CameraConfiguration> plans) =>
    [
        messages.Online,
        .. Mode(),

        // Offline until a camera's first frame; the broker may have kept another value from the last run.
        .. plans.SelectMany(plan => plan.Questions
            .SelectMany(question => (OutboundMessage[])[Enabled(plan.Id, question.Id), Snooze(plan.Id, question.Id)])
            .Prepend(messages.View(plan.Id, ViewState.Unknown))
            .Prepend(messages.Camera(plan.Id, isOnline(plan.Id)))),

        // First the device that the others refer to.
        .. devices.Service(),
        .. devices.Devices(plans),
    ];

    /// <summary>The messages that a change of cameras or questions requires.</summary>
    /// <param name="before">Cameras and questions until now.</param>
    /// <param name="changed">Those from now on.</param>
    /// <returns>Messages that replace the latest of their topic, and messages that are published once.</returns>
    public (IReadOnlyList<OutboundMessage> Latest, IReadOnlyList<OutboundMessage> Once) Changed(
        IReadOnlyList<CameraConfiguration> before, CamerasReconfigured changed)
    {
        var added = changed.Cameras.Where(plan => before.All(known => known.Id != plan.Id)).ToList();
        var removals = devices.Removals(before, changed.Cameras).ToLookup(removal => removal.Payload.IsEmpty);
        OutboundMessage[] latest =
        [
            // A removed device replaces its announcement, which would be published again otherwise.
            .. removals[true],
            .. changed.RemovedTopics.Select(MessageFactory.ClearRetained),

            // A frame of the camera may arrive before the message that announces it.
            .. added.Select(plan => messages.Camera(plan.Id, isOnline(plan.Id))),
            .. changed.Cameras.Where(plan => !plan.Scene.CheckView || added.Contains(plan))
                .Select(plan => messages.View(plan.Id, ViewState.Unknown)),
            .. changed.Cameras.SelectMany(plan => plan.Questions.SelectMany(question =>
                (OutboundMessage[])[Enabled(plan.Id, question.Id), Snooze(plan.Id, question.Id)])),
            .. devices.Devices(changed.Cameras),
        ];
        return (latest, [.. removals[false]]);
    }

    /// <summary>The availability of a camera; nothing for one that was removed, because it ends later than that.</summary>
    public IEnumerable<OutboundMessage> Of(IReadOnlyList<CameraConfiguration> plans, CameraAvailability camera) =>
        PlanOf(plans, camera.Camera) is null ? [] : [messages.Camera(camera.Camera, camera.Online)];

    /// <summary>The view of a camera; nothing for one that was removed.</summary>
    public IEnumerable<OutboundMessage> Of(IReadOnlyList<CameraConfiguration> plans, ViewSeen seen) =>
        PlanOf(plans, seen.Camera) is { } plan ? messages.View(plan, seen) : [];

    /// <summary>Whether a question is asked; nothing for one that was removed.</summary>
    public IEnumerable<OutboundMessage> Of(IReadOnlyList<CameraConfiguration> plans, PublishEnabled toggled) =>
        PlanOf(plans, toggled.Camera)?.Questions.Any(it => it.Id == toggled.Question) == true
            ? [Enabled(toggled.Camera, toggled.Question)]
            : [];

    /// <summary>The end of a question's snooze; nothing for one that was removed.</summary>
    public IEnumerable<OutboundMessage> Of(IReadOnlyList<CameraConfiguration> plans, PublishSnooze snoozed) =>
        PlanOf(plans, snoozed.Camera)?.Questions.Any(it => it.Id == snoozed.Question) == true
            ? [Snooze(snoozed.Camera, snoozed.Question)]
            : [];

    /// <summary>The current mode; nothing where there are none.</summary>
    public IEnumerable<OutboundMessage> Mode() => questions.Modes.Current is { } mode ? [messages.Mode(mode)] : [];

    private static CameraConfiguration? PlanOf(IReadOnlyList<CameraConfiguration> plans, CameraId camera) =>
        plans.FirstOrDefault(plan => plan.Id == camera);

    private OutboundMessage Enabled(CameraId camera, string question) =>
        messages.Enabled(camera, question, questions.Switches.IsEnabled(camera, question));

    private OutboundMessage Snooze(CameraId camera, string question) => questions.Snoozes.IsSnoozed(camera, question)
        ? messages.Snooze(camera, question, questions.Snoozes.Until(camera, question))
        : messages.NoSnooze(camera, question);
}
