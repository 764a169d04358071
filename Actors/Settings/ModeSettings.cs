using MobileVlm.Edge.Actors.Questions;

namespace MobileVlm.Edge.Actors.Settings;

/// <summary>A named mode, such as <c>home</c> or <c>away</c>: which questions are asked and which events are published while it is the
/// current one.</summary>
/// <param name="Name">Its name; no two modes have names that differ in case only.</param>
/// <param name="Skip">Questions that are not asked.</param>
/// <param name="MuteEvents">Questions whose events are not published.</param>
public sealed record ModeSettings(string Name, IReadOnlyList<QuestionPattern> Skip, IReadOnlyList<QuestionPattern> MuteEvents);
