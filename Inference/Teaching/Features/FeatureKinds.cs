namespace MobileVlm.Edge.Inference.Teaching.Features;

/// <summary>Numbers that a model computes on the way to an answer, from which a question can be answered instead. Early is the layer
/// that <see cref="Models.DecoderTensors.EarlyLayer"/> names, last is after the final norm. A mean over the picture's positions after
/// the last layer would serve no better than the early one, and logits of all its rows would be computed for it.</summary>
[Flags]
public enum FeatureKinds
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Mean, maximum and deviation of the visual tokens, [3 * hidden]; needs no decoder.</summary>
    VisualTokens = 1,

    /// <summary>Mean over the picture's positions in the early layer, [hidden].</summary>
    EarlyPicture = 2,

    /// <summary>Mean over the question's positions in the early layer, [hidden].</summary>
    EarlyQuestion = 4,

    /// <summary>Mean over the question's positions after the last layer, [hidden].</summary>
    LastQuestion = 8,

    /// <summary>The answer position after the last layer, [hidden].</summary>
    LastAnswer = 16,
}

/// <summary>Groups and names of features.</summary>
public static class FeatureGroups
{
    /// <summary>Those that an early layer has.</summary>
    internal const FeatureKinds OfEarlyLayer = FeatureKinds.EarlyPicture | FeatureKinds.EarlyQuestion;

    /// <summary>Those that only a decoder computes.</summary>
    internal const FeatureKinds OfDecoder = OfEarlyLayer | FeatureKinds.LastQuestion | FeatureKinds.LastAnswer;

    /// <summary>All features.</summary>
    public const FeatureKinds All = FeatureKinds.VisualTokens | OfDecoder;

    /// <summary>The single features of a set, in the order of their declaration.</summary>
    public static IEnumerable<FeatureKinds> Each(this FeatureKinds features) =>
        Enum.GetValues<FeatureKinds>().Where(kind => kind != FeatureKinds.None && features.HasFlag(kind));

    /// <summary>Name of one feature in files and reports.</summary>
    public static string ToName(this FeatureKinds feature) => feature switch
    {
        FeatureKinds.VisualTokens => "visualTokens",
        FeatureKinds.EarlyPicture => "pictureMeanEarly",
        FeatureKinds.EarlyQuestion => "questionMeanEarly",
        FeatureKinds.LastQuestion => "questionMeanLast",
        FeatureKinds.LastAnswer => "answerPositionLast",
        _ => throw new ArgumentOutOfRangeException(nameof(feature), feature, "It is not one feature."),
    };

    /// <summary>The feature of a name; null for an unknown one.</summary>
    public static FeatureKinds? Find(string name) =>
        All.Each().Select(kind => (FeatureKinds?)kind).FirstOrDefault(kind => kind!.Value.ToName() == name);
}
