using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Connectors.Mqtt.Topics;

namespace MobileVlm.Edge.Actors.Commands;

/// <summary>Why a command is not carried out.</summary>
/// <param name="Key">The kind of error, which limits the lines in the log; never a name that somebody sent.</param>
/// <param name="Reason">For the log.</param>
internal readonly record struct CommandRefusal(string Key, string Reason)
{
    /// <summary>Characters of a name that are shown; configured names are shorter.</summary>
    public const int LongestName = 80;

    /// <summary>The command names a camera that is not configured.</summary>
    public static CommandRefusal UnknownCamera(MqttCommand command, IReadOnlyList<CameraConfiguration> plans) => new(
        "camera",
        $"the camera '{SwitchText.Excerpt(command.Camera ?? "", LongestName)}' is not configured; "
            + (plans.Count == 0 ? "no camera is configured" : $"configured are {string.Join(", ", plans.Select(plan => plan.Id))}"));

    /// <summary>The command names a question that the camera does not have.</summary>
    public static CommandRefusal UnknownQuestion(MqttCommand command, CameraConfiguration plan) => new(
        "question",
        $"the camera '{plan.Id}' has no question '{SwitchText.Excerpt(command.Question ?? "", LongestName)}'; "
            + (plan.Questions.Count == 0 ? "it has none" : $"its questions are {string.Join(", ", plan.Questions.Select(question => question.Id))}"));
}
