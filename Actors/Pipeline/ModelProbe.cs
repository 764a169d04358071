using MobileVlm.Edge.Inference.Answers;

namespace MobileVlm.Edge.Actors.Pipeline;

/// <summary>Finds out after an exception whether the engine failed or the question caused it.</summary>
internal static class ModelProbe
{
    /// <summary>A short test question that no configuration uses.</summary>
    private static readonly Question Harmless = new("Is this a picture?", AnswerKind.YesNo);

    /// <summary>Asks about the picture that was prefilled last.</summary>
    /// <returns>Null when the engine works; else the exception that it threw.</returns>
    public static Exception? Try(IQuestionAnswerer answerer)
    {
        try
        {
            answerer.AskAll([Harmless], (_, _) => { });
            return null;
        }
        catch (Exception fault)
        {
            return fault;
        }
    }
}
