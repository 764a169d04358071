using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Sessions;

namespace MobileVlm.Edge.Inference.Decoding;

/// <summary>A LLaMA decoder's weights, opened once and shared. What one answer needs lives in a
/// <see cref="DecoderState"/>.</summary>
public sealed class LanguageDecoder : IDisposable
{
    private readonly DeviceZeros? _zeros;

    /// <exception cref="ModelFolderException">The folder's graph does not match its manifest.</exception>
    public LanguageDecoder(ModelFolder folder, ExecutionSettings settings)
    {
        var language = folder.Manifest.Language;
        (Layers, KeyValueHeads, HeadSize) = (language.Layers, language.KeyValueHeads, language.HeadSize);
        (VocabularySize, MaxPositions) = (language.VocabularySize, language.MaxPositions);
        settings = MachineTuning.Apply(folder, settings);
        using var prefill = folder.HasPrefill && settings.UsePrefill
            ? new SessionOpening<InferenceSession>(
                settings, opening => SessionFactory.Open(folder, ModelFolder.PrefillFile, opening, fixedShapes: false))
            : null;
        SessionPlacement? placement = null;
        Session = SessionFactory.Open(folder, ModelFolder.DecoderFile, settings with { OnSessionOpened = settings.OnSessionOpened + (p => placement = p) }, fixedShapes: false);
        try
        {
            CheckSizes(folder, ModelFolder.DecoderFile, language.HiddenSize);
            KeyValueType = Session.InputMetadata[DecoderTensors.PastKey(0)].ElementDataType;
            HasHiddenStates = folder.HasHiddenStates;
            EarlyHiddenOutput = folder.Manifest.Signatures[ModelFolder.DecoderFile].Outputs
                .Select(output => output.Name).FirstOrDefault(DecoderTensors.IsEarlyHidden);
            KeepsStateOnDevice = settings.TreatsCpuAsDevice || placement!.Provider != SessionPlacement.CpuProvider;
            if (KeepsStateOnDevice)
            {
                // Where "auto" chose the CPU for the decoder, it does so for this too.
                _zeros = new DeviceZeros(placement!.Provider == SessionPlacement.CpuProvider ? settings with { Target = ExecutionTarget.Cpu } : settings, KeyValueType);
            }

            if (prefill is not null)
            {
                PrefillSession = prefill.Take();
                CheckSizes(folder, ModelFolder.PrefillFile, language.HiddenSize);
                MinPrefillTokens = settings.MinPrefillTokens ?? ExecutionSettings.DefaultMinPrefillTokens;
            }

            Embeddings = new EmbeddingTable(folder);
        }
        catch
        {
            Session.Dispose();
            PrefillSession?.Dispose();
            _zeros?.Dispose();
            throw;
        }
    }

    public int VocabularySize { get; }

    /// <summary>Longest context that the model was trained for, in tokens.</summary>
    public int MaxPositions { get; }

    internal InferenceSession Session { get; }

    /// <summary>The same decoder in prefill weights, which are faster for many tokens at once; null when there are
    /// none.</summary>
    internal InferenceSession? PrefillSession { get; }

    /// <summary>Smallest number of tokens in a pass for which <see cref="PrefillSession"/> is used.</summary>
    internal int MinPrefillTokens { get; } = int.MaxValue;

    internal EmbeddingTable Embeddings { get; }

    /// <summary>Element type of the KV cache: float32 or float16.</summary>
    internal TensorElementType KeyValueType { get; }

    /// <summary>Whether the session runs on a device with its own memory: the KV cache is allocated there, and inputs are
    /// copied there when they are bound, not when they are used.</summary>
    internal bool KeepsStateOnDevice { get; }

    /// <summary>Whether passes can return hidden states; decoders of format 2 cannot.</summary>
    internal bool HasHiddenStates { get; }

    /// <summary>Output with the states after an early layer; null for a decoder of one layer or without hidden states.</summary>
    internal string? EarlyHiddenOutput { get; }

    /// <summary>Element type of hidden states: that in which the graph computes, as the cache.</summary>
    internal TensorElementType HiddenStateType => KeyValueType;

    internal DeviceZeros Zeros => _zeros ?? throw new InvalidOperationException("The decoder runs on the CPU.");

    internal int Layers { get; }

    internal int KeyValueHeads { get; }

    internal int HeadSize { get; }

    /// <summary>An empty KV cache.</summary>
    /// <param name="capacity">Maximum number of tokens, up to <see cref="MaxPositions"/>. Memory: 2 * layers * KV heads
    /// * head size * capacity * 4 bytes (MobileLLaMA 1.4B: 384 KiB per token), half of it in float16.</param>
    public DecoderState CreateState(int capacity) => new(this, capacity, MinPrefillTokens);

    /// <param name="capacity">Maximum number of tokens.</param>
    /// <param name="minPrefillTokens">Replaces <see cref="MinPrefillTokens"/>: with 1 all but single tokens go through
    /// <see cref="PrefillSession"/>, with the largest number none.</param>
    internal DecoderState CreateState(int capacity, int minPrefillTokens) => new(this, capacity, minPrefillTokens);

    public void Dispose()
    {
        Session.Dispose();
        PrefillSession?.Dispose();
        _zeros?.Dispose();
        Embeddings.Dispose();
    }

    private void CheckSizes(ModelFolder folder, string file, int hidden)
    {
        folder.Expect(file, DecoderTensors.Embeddings, 1, -1, hidden);
        folder.Expect(file, DecoderTensors.Logits, 1, -1, VocabularySize);
        for (var layer = 0; layer < Layers; layer++)
        {
            folder.Expect(file, DecoderTensors.PastKey(layer), 1, KeyValueHeads, -1, HeadSize);
            folder.Expect(file, DecoderTensors.PastValue(layer), 1, KeyValueHeads, -1, HeadSize);
        }

        var layers = folder.Manifest.Signatures[file].Outputs.Count(o => DecoderTensors.IsPresent(o.Name)) / 2;
        if (layers != Layers)
        {
            throw new ModelFolderException(
                folder.FolderPath,
                $"{file} has {layers} layers, the sizes in {ModelManifest.FileName} say {Layers}. Import the model again.");
        }
    }
}
