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

    /// <summary>Means of products of two columns of the visual tokens, [width * (width + 1) / 2], of tokens that are folded to at most 128 columns; needs no
    /// decoder.</summary>
    VisualPairs = 32,
}

/// <summary>Groups and names of features.</summary>
public static class FeatureGroups
{
    /// <summary>Those that an early layer has.</summary>
    internal const FeatureKinds OfEarlyLayer = FeatureKinds.EarlyPicture | FeatureKinds.EarlyQuestion;

    /// <summary>Those that only a decoder computes.</summary>
    internal const FeatureKinds OfDecoder = OfEarlyLayer | FeatureKinds.LastQuestion | FeatureKinds.LastAnswer;

    /// <summary>Those of the visual tokens, which need no decoder.</summary>
    public const FeatureKinds OfEncoder = FeatureKinds.VisualTokens | FeatureKinds.VisualPairs;

    /// <summary>All features.</summary>
    public const FeatureKinds All = OfEncoder | OfDecoder;

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
        FeatureKinds.VisualPairs => "visualTokenPairs",
        _ => throw new ArgumentOutOfRangeException(nameof(feature), feature, "It is not one feature."),
    };

    /// <summary>Width of one feature.</summary>
    /// <param name="feature">The feature.</param>
    /// <param name="hidden">Width of the model's hidden states.</param>
    public static int WidthOf(this FeatureKinds feature, int hidden) => feature switch
    {
        FeatureKinds.VisualTokens => 3 * hidden,
        FeatureKinds.VisualPairs => TokenPairs.LengthOf(hidden),
        _ => hidden,
    };

    /// <summary>The feature of a name; null for an unknown one.</summary>
    public static FeatureKinds? Find(string name) =>
        All.Each().Select(kind => (FeatureKinds?)kind).FirstOrDefault(kind => kind!.Value.ToName() == name);
}
