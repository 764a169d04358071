using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Deploy.Configuration.Overlay;

namespace MobileVlm.Edge.Deploy.Configuration.Taught;

/// <summary>Logs which questions are scored by what was learned for them, and why others are not: at the start, and whenever that
/// changes. One caller at a time.</summary>
internal sealed partial class TaughtLog(ILogger<TaughtLog> logger)
{
    private readonly ILogger _logger = logger;
    private Dictionary<QuestionKey, TaughtScoring> _logged = [];

    /// <summary>Logs what differs from the last call.</summary>
    public void Report(IReadOnlyList<TaughtUse> uses)
    {
        foreach (var (key, setting, scoring) in uses)
        {
            if (scoring.Equals(_logged.GetValueOrDefault(key)))
            {
                continue;
            }

            if (scoring.Problem is { } problem)
            {
                LogUnused(key, problem);
            }
            else
            {
                LogUsed(key, setting.Path, setting.Estimate);
            }
        }

        _logged = uses.ToDictionary(use => use.Key, use => use.Scoring);
    }

    [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "{Question} is scored by what was learned: {File}, {Estimate}.")]
    private partial void LogUsed(QuestionKey question, string file, string? estimate);

    [LoggerMessage(EventId = 2, Level = LogLevel.Warning, Message = "{Question} was taught, but {Problem}")]
    private partial void LogUnused(QuestionKey question, string problem);
}
