using MobileVlm.Edge.Actors.Pipeline;
using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Completions;
using MobileVlm.Edge.Inference.Decoding;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Sampling;
using MobileVlm.Edge.Inference.Teaching.Features;
using MobileVlm.Edge.Inference.Text;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Deploy.Http;

/// <summary>Stage 2 for the pipeline and for texts over HTTP: both use the same weights, each with a KV cache of its own.</summary>
internal sealed class EngineAnswerer : IQuestionAnswerer, IEngineProbe
{
    private readonly LanguageDecoder _decoder;
    private readonly QuestionAnswerer? _answerer;
    private readonly ChatPrompt _probe;

    /// <param name="folder">The model; a text-only one answers no questions about pictures.</param>
    /// <param name="decoder">Owned from here on, also when this fails.</param>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="capacity">Context in tokens, for each of both.</param>
    public EngineAnswerer(ModelFolder folder, LanguageDecoder decoder, LlamaTextTokenizer tokenizer, int capacity)
    {
        _decoder = decoder;
        TextCompleter? completer = null;
        try
        {
            _answerer = folder.Manifest.Vision is null ? null : new QuestionAnswerer(folder, decoder, capacity);
            completer = new TextCompleter(folder, decoder, tokenizer, capacity);
            _probe = ChatPrompt.Build(tokenizer, null, [new ConversationTurn("Hi", null)], null);
            Completer = completer;
        }
        catch
        {
            completer?.Dispose();
            _answerer?.Dispose();
            decoder.Dispose();
            throw;
        }
    }

    /// <summary>Completes texts.</summary>
    public TextCompleter Completer { get; }

    private QuestionAnswerer Answerer => _answerer ?? throw new InvalidOperationException("A text-only model answers no questions about pictures.");

    /// <inheritdoc/>
    public FeatureKinds AvailableFeatures => _answerer?.AvailableFeatures ?? FeatureKinds.None;

    public void PrefillPicture(VisualTokens picture) => Answerer.PrefillPicture(picture);

    public void AskAll(IReadOnlyList<Question> questions, Action<int, Answer> onAnswer, CancellationToken cancel = default) =>
        Answerer.AskAll(questions, onAnswer, cancel);

    public void AskAbout(VisualTokens picture, IReadOnlyList<Question> questions, Action<int, Answer> onAnswer, CancellationToken cancel = default) =>
        Answerer.AskAbout(picture, questions, onAnswer, cancel);

    /// <inheritdoc/>
    public void Probe() => Completer.Begin(_probe, null, new CompletionOptions(new GenerationOptions(1), Sampler.Greedy)).Advance(TimeSpan.Zero, CancellationToken.None);

    public void Dispose()
    {
        Completer.Dispose();
        _answerer?.Dispose();
        _decoder.Dispose();
    }
}
