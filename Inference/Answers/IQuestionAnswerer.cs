using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Inference.Answers;

/// <summary>Stage 2: visual tokens and questions to answers. Holds the KV cache of one picture at a time; one call
/// at a time, from any thread.</summary>
public interface IQuestionAnswerer : IDisposable
{
    /// <summary>Fills the cache with this picture, behind the system prompt that stays there for ever. Every
    /// <see cref="Ask"/> that follows is about this picture. Does not dispose the tokens.</summary>
    void Prime(VisualTokens picture);

    /// <summary>Answers one question about the primed picture and rewinds the cache to the picture.</summary>
    /// <exception cref="InvalidOperationException">No picture was primed.</exception>
    Answer Ask(Question question, CancellationToken cancel = default);
}
