using Microsoft.ML.OnnxRuntime;
using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Inference.Decoding;

/// <summary>A LLaMA decoder's weights, opened once and shared. What one answer needs lives in a
/// <see cref="DecoderState"/>.</summary>
public sealed class LanguageDecoder : IDisposable
{
    /// <exception cref="ModelFolderException">The folder's graph does not match its manifest.</exception>
    public LanguageDecoder(ModelFolder folder, ExecutionSettings settings)
    {
        Session = SessionFactory.Open(folder, ModelFolder.DecoderFile, settings, fixedShapes: false);
        Embeddings = new EmbeddingTable(folder);
        var language = folder.Manifest.Language;
        (Layers, KeyValueHeads, HeadSize) = (language.Layers, language.KeyValueHeads, language.HeadSize);
        (VocabularySize, MaxPositions) = (language.VocabularySize, language.MaxPositions);
    }

    public int VocabularySize { get; }

    /// <summary>Longest context that the model was made for, in tokens.</summary>
    public int MaxPositions { get; }

    internal InferenceSession Session { get; }

    internal EmbeddingTable Embeddings { get; }

    internal int Layers { get; }

    internal int KeyValueHeads { get; }

    internal int HeadSize { get; }

    /// <summary>An empty KV cache.</summary>
    /// <param name="capacity">Most tokens that it holds, up to <see cref="MaxPositions"/>. Memory: 2 * layers * KV heads
    /// * head size * capacity * 4 bytes (MobileLLaMA 1.4B: 384 KiB a token).</param>
    public DecoderState CreateState(int capacity) => new(this, capacity);

    public void Dispose()
    {
        Session.Dispose();
        Embeddings.Dispose();
    }
}
