namespace MobileVlm.Edge.Connectors.Http.Past;

/// <summary>Limits of explanations.</summary>
public static class ExplanationLimits
{
    /// <summary>Fewest blocks in a row of the grid.</summary>
    public const int MinGrid = 2;

    /// <summary>Most blocks in a row of the grid.</summary>
    public const int MaxGrid = 8;

    /// <summary>Blocks in a row of a request that does not say how many.</summary>
    public const int UsualGrid = 6;
}

/// <summary>A request for the parts of a picture that carry an answer.</summary>
/// <param name="Camera">The camera.</param>
/// <param name="Question">Its standing question, answered by yes or no or one of several choices.</param>
/// <param name="Snapshot">The number of a stored snapshot; null for the newest frame.</param>
/// <param name="Grid">Blocks in a row of the grid. A picture with fewer tokens in a row has fewer.</param>
public sealed record ExplanationRequest(string Camera, string Question, long? Snapshot, int Grid);

/// <summary>A place in a picture, in parts of its width and height.</summary>
/// <param name="Left">The left edge.</param>
/// <param name="Top">The upper edge.</param>
/// <param name="Width">The width.</param>
/// <param name="Height">The height.</param>
public sealed record PictureArea(double Left, double Top, double Width, double Height);

/// <summary>What is known about the parts of a picture.</summary>
/// <param name="Progress">How far it is; a step is a pass through the decoder.</param>
/// <param name="Request">What was requested.</param>
/// <param name="Ask">The text of the question.</param>
/// <param name="Value">The answer about the whole picture: what the score is the probability of; null until it is known.</param>
/// <param name="Score">The score of the whole picture, 0..1; null until it is known.</param>
/// <param name="Area">Where the grid lies; null until it is known. The model sees the picture in the middle of a square, so the grid may begin
/// outside of it.</param>
/// <param name="Grid">For each row of blocks, how much lower the score is without each block, -1..1; null for a block that shows nothing of the
/// picture, and for one that was not asked yet.</param>
public sealed record ExplanationView(
    PastProgress Progress,
    ExplanationRequest Request,
    string Ask,
    string? Value,
    double? Score,
    PictureArea? Area,
    IReadOnlyList<IReadOnlyList<double?>> Grid);
