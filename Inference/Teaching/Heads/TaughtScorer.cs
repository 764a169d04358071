using MobileVlm.Edge.Inference.Teaching.Features;
using MobileVlm.Edge.Inference.Teaching.References;

namespace MobileVlm.Edge.Inference.Teaching.Heads;

/// <summary>Who answers a taught question.</summary>
public enum TaughtAnswerer
{
    /// <summary>The decoder, and the head on its features.</summary>
    Model,

    /// <summary>The head on the visual tokens alone; the decoder is not asked.</summary>
    Taught,

    /// <summary>The head on the visual tokens, and the decoder where that is unsure.</summary>
    Cascade,
}

/// <summary>Scores a taught question.</summary>
/// <param name="Head">On the decoder's features; null where the model's own score is used.</param>
/// <param name="Encoder">On the visual tokens; null where there is none, and the decoder is then always asked.</param>
/// <param name="UnsureMargin">Margin of <paramref name="Encoder"/> below which a cascade asks the decoder.</param>
/// <param name="Answerer">Who answers.</param>
public sealed record TaughtScorer(LinearHead? Head, LinearHead? Encoder, double UnsureMargin, TaughtAnswerer Answerer)
{
    /// <summary>What the labelled pictures looked like; null where nothing is compared with them.</summary>
    public LabelReference? Reference { get; init; }

    /// <summary>The score of each label as this scorer gives it, learned without the label; null where that is not known.</summary>
    public IReadOnlyList<LabelScore>? LabelScores => Reference is not { } reference ? null
        : Encoder is null || Answerer == TaughtAnswerer.Model ? reference.Scores
        : Answerer == TaughtAnswerer.Taught ? reference.EncoderScores
        : [.. reference.EncoderScores.Zip(reference.Scores, (encoder, model) => Math.Abs(encoder.Output) < UnsureMargin ? model : encoder)];

    /// <summary>Features that the decoder has to return.</summary>
    public FeatureKinds Features => Head?.Features ?? FeatureKinds.None;

    /// <summary>Outputs from the visual tokens alone, or null where the decoder has to be asked.</summary>
    /// <param name="read">Reads a feature of <see cref="FeatureGroups.OfEncoder"/>.</param>
    internal double[]? TryEncoder(Func<FeatureKinds, float[]> read)
    {
        if (Encoder is null || Answerer == TaughtAnswerer.Model)
        {
            return null;
        }

        var outputs = Encoder.Apply(Encoder.Features.Each().ToDictionary(feature => feature, read), []);
        return Answerer == TaughtAnswerer.Cascade && Margin(outputs) < UnsureMargin ? null : outputs;
    }

    /// <summary>How far the largest output is ahead of the next, or of 0 for yes/no.</summary>
    internal static double Margin(double[] outputs)
    {
        if (outputs.Length == 1)
        {
            return Math.Abs(outputs[0]);
        }

        var sorted = outputs.OrderDescending().ToArray();
        return sorted[0] - sorted[1];
    }
}
