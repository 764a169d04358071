using System.Collections.ObjectModel;
using MobileVlm.Edge.Inference.Decoding;
using MobileVlm.Edge.Inference.Teaching.Features;

namespace MobileVlm.Edge.Inference.Answers;

/// <summary>Reads features from the hidden states of one pass.</summary>
internal sealed class QuestionFeatures(HiddenStateBuffers states)
{
    /// <summary>Features that need no hidden states.</summary>
    /// <param name="features">Which are needed, of <see cref="FeatureGroups.OfEncoder"/>.</param>
    /// <param name="picture">Has them.</param>
    public static ReadOnlyDictionary<FeatureKinds, float[]> OfPicture(FeatureKinds features, CurrentPicture picture) =>
        features.Each().ToDictionary(feature => feature, picture.Feature).AsReadOnly();

    /// <summary>Keeps the features of the picture that is in this pass.</summary>
    /// <param name="rows">Rows of the picture, the first of the pass.</param>
    /// <param name="picture">Receives them.</param>
    public void ReadPicture(int rows, CurrentPicture picture) =>
        picture.Add(FeatureKinds.EarlyPicture, RowStatistics.Mean(0, rows, states.Early));

    /// <summary>Features of one question of this pass.</summary>
    /// <param name="features">Which are needed.</param>
    /// <param name="rows">Rows of the question in the pass.</param>
    /// <param name="requested">Those of its rows whose logits were requested, among all requested ones: all of them for
    /// <see cref="FeatureKinds.LastQuestion"/>, else the last.</param>
    /// <param name="picture">Has the features of the picture.</param>
    public ReadOnlyDictionary<FeatureKinds, float[]> Read(FeatureKinds features, RowRange rows, RowRange requested, CurrentPicture picture)
    {
        var read = new Dictionary<FeatureKinds, float[]>();
        foreach (var feature in features.Each())
        {
            read[feature] = feature switch
            {
                FeatureKinds.EarlyQuestion => RowStatistics.Mean(rows.First, rows.Count, states.Early),
                FeatureKinds.LastQuestion => RowStatistics.Mean(requested.First, requested.Count, states.Last),
                FeatureKinds.LastAnswer => states.Last(requested.Last).ToArray(),
                _ => picture.Feature(feature),
            };
        }

        return read.AsReadOnly();
    }
}

/// <summary>Consecutive rows, at least one.</summary>
internal readonly record struct RowRange(int First, int Count)
{
    public int Last => First + Count - 1;
}
