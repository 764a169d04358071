namespace MobileVlm.Edge.Inference.Text;

/// <summary>The Vicuna v1 conversation as the models were trained on it (<c>mobilevlm/conversation.py</c>, <c>v1</c>):
/// system text, then <c>USER: &lt;image&gt;\nquestion ASSISTANT:</c>. The text before and after the picture is encoded
/// as two strings, so each begins with SentencePiece's own space.</summary>
public static class VicunaPrompt
{
    /// <summary>All text before the picture; the same for every question, so its cache is filled once.</summary>
    public const string BeforePicture =
        "A chat between a curious user and an artificial intelligence assistant. "
        + "The assistant gives helpful, detailed, and polite answers to the user's questions. USER: ";

    /// <summary>The whole text of a question without a picture.</summary>
    public static string WithoutPicture(string question) => $"{BeforePicture}{question} ASSISTANT:";

    /// <summary>All text after the picture.</summary>
    public static string AfterPicture(string question) => $"\n{question} ASSISTANT:";

    /// <summary>The whole prompt for people, with <c>&lt;image&gt;</c> where the picture's tokens stand. It is not encoded as one
    /// string.</summary>
    public static string Whole(string question) => $"{BeforePicture}<image>{AfterPicture(question)}";
}
