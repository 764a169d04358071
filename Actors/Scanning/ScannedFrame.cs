using MobileVlm.Edge.Actors.Questions;

namespace MobileVlm.Edge.Actors.Scanning;

/// <summary>The answers about one sample of a video.</summary>
/// <param name="Time">Presentation time, from the beginning of the file.</param>
/// <param name="Reused">The scene was the same as when the questions were last asked, so those answers are reused.</param>
/// <param name="Answers">In the order of the questions.</param>
public sealed record ScannedFrame(TimeSpan Time, bool Reused, IReadOnlyList<ParsedAnswer> Answers);
