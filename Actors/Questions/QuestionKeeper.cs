using MobileVlm.Edge.Connectors.Cameras;

namespace MobileVlm.Edge.Actors.Questions;

/// <summary>Keeps the file up to date without wearing out flash memory: what changed is written after a while, together,
/// and nothing is written while nothing changes.</summary>
internal sealed class QuestionKeeper
{
    /// <summary>A power cut loses at most the changes of this long.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

    private readonly QuestionStateFile? _file;
    private readonly QuestionSwitches _switches;
    private readonly TimeProvider _time;
    private string _written = "";
    private long? _writtenAt;

    /// <param name="file">Null keeps nothing.</param>
    /// <param name="switches">Told what was saved of them, and asked again at each save.</param>
    /// <param name="time">Paces the writing.</param>
    public QuestionKeeper(QuestionStateFile? file, QuestionSwitches switches, TimeProvider time)
    {
        _file = file;
        _switches = switches;
        _time = time;
        State = file?.Read() ?? SavedState.Empty;
    }

    /// <summary>As the last run left it.</summary>
    public SavedState State { get; }

    /// <summary>Switches as they were switched; once the questions are known.</summary>
    public void RestoreSwitches()
    {
        foreach (var (key, enabled) in State.Switches)
        {
            if (key.Split('/') is [{ Length: > 0 } camera, var question] && camera.All(IsNameCharacter))
            {
                _switches.Set(new CameraId(camera), question, enabled);
            }
        }
    }

    /// <summary>Writes if something changed and the last time is long enough ago.</summary>
    /// <param name="standings">All of them.</param>
    /// <param name="atOnce">This is the last time.</param>
    public void Keep(IReadOnlyDictionary<string, SavedStanding> standings, bool atOnce)
    {
        if (_file is null || (!atOnce && _writtenAt is { } last && _time.GetElapsedTime(last) < Interval))
        {
            return;
        }

        var switches = _switches.Switched.ToDictionary(it => $"{it.Camera}/{it.Question}", it => it.Enabled);
        var print = Print(standings, switches);
        if (print == _written && !atOnce)
        {
            return;
        }

        (_written, _writtenAt) = (print, _time.GetTimestamp());
        _file.Write(new SavedState(SavedState.Current, standings, switches));
    }

    // When a state was last confirmed, and by what score, changes with each picture and is not worth a write.
    private static string Print(
        IReadOnlyDictionary<string, SavedStanding> standings, IReadOnlyDictionary<string, bool> switches) => string.Join(
        '\n',
        standings.Select(it => $"{it.Key} {it.Value.Standing.Value} {it.Value.Standing.Since:O} "
            + $"{it.Value.Standing.LastKnown} {it.Value.LastEventAt:O}")
        .Concat(switches.Select(it => $"{it.Key} {it.Value}")));

    private static bool IsNameCharacter(char c) => char.IsAsciiLetterOrDigit(c) || c is '_' or '-';
}
