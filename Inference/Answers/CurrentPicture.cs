using MobileVlm.Edge.Inference.Teaching.Features;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Inference.Answers;

/// <summary>The picture that questions are about: a copy of its visual tokens, so that they need not go through the decoder before a
/// question needs it, and the features that questions share.</summary>
internal sealed class CurrentPicture
{
    private readonly Dictionary<FeatureKinds, float[]> _features = [];
    private float[] _values = [];

    /// <summary>[count, hidden].</summary>
    public ReadOnlyMemory<float> Values => _values.AsMemory(0, Count * HiddenSize);

    /// <summary>Number of visual tokens; 0 while there is no picture.</summary>
    public int Count { get; private set; }

    public int HiddenSize { get; private set; }

    /// <summary>The decoder's cache has the picture.</summary>
    public bool IsCached { get; set; }

    /// <summary>Questions that are not about a picture.</summary>
    public static CurrentPicture None() => new() { IsCached = true };

    /// <summary>Replaces the picture; the decoder does not have the new one.</summary>
    public void Set(VisualTokens tokens)
    {
        Clear();
        (Count, HiddenSize) = (tokens.Count, tokens.HiddenSize);
        if (_values.Length < Count * HiddenSize)
        {
            _values = GC.AllocateUninitializedArray<float>(Count * HiddenSize);
        }

        tokens.Values.CopyTo(_values);
    }

    public void Clear()
    {
        (Count, IsCached) = (0, false);
        _features.Clear();
    }

    /// <summary>Whether the hidden states of the picture were read.</summary>
    public bool HasStates => _features.ContainsKey(FeatureKinds.EarlyPicture);

    /// <summary>Keeps a feature.</summary>
    public void Add(FeatureKinds feature, float[] values) => _features[feature] = values;

    /// <summary>A feature of the picture, one of the visual tokens or of those that were added.</summary>
    public float[] Feature(FeatureKinds feature)
    {
        if (FeatureGroups.OfEncoder.HasFlag(feature) && !_features.ContainsKey(feature))
        {
            _features[feature] = feature == FeatureKinds.VisualPairs
                ? TokenPairs.Of(Values.Span, HiddenSize)
                : RowStatistics.MeanMaximumDeviation(Values.Span, HiddenSize);
        }

        return _features[feature];
    }
}
