using MobileVlm.Edge.Actors.Modes;
using MobileVlm.Edge.Actors.States;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Connectors.Http.Api;

namespace MobileVlm.Edge.Actors.Http;

/// <summary>Shows and switches the mode and snoozes questions for the HTTP server. Thread-safe.</summary>
internal sealed class ModeService(QuestionStates states) : IModeService
{
    /// <inheritdoc/>
    public TimeSpan MaxSnooze { get; } = TimeSpan.FromHours(SnoozedQuestions.MaxHours);

    /// <inheritdoc/>
    public IReadOnlyList<string> All => states.Modes.Names;

    /// <inheritdoc/>
    public string? Current => states.Modes.Current;

    /// <inheritdoc/>
    public bool TrySwitch(string mode) => states.Modes.TrySet(mode);

    /// <inheritdoc/>
    public bool TrySnooze(string camera, string question, TimeSpan length, out DateTimeOffset? until)
    {
        until = null;
        if (!CameraId.TryParse(camera, out var id))
        {
            return false;
        }

        var isKnown = states.Snoozes.TrySet(id, question, length);
        until = isKnown ? states.Snoozes.Until(id, question) : null;
        return isKnown;
    }
}
