namespace MobileVlm.Edge.Inference.Decoding;

/// <summary>The decoder computed NaN or infinity where it should compute logits. One input can cause it, or damaged
/// weights.</summary>
public sealed class NonFiniteLogitsException()
    : Exception(
        "The decoder computed numbers that are not finite (NaN or infinity). If it happens with every question, the model's "
        + "weights are damaged: check them with 'mobilevlm model verify DIR'.");
