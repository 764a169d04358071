using System.Globalization;

namespace MobileVlm.Edge.Inference.Models;

/// <summary>Names of the decoder graph's inputs and outputs: the contract between the importer, which writes the graph, and
/// the decoder, which runs it.</summary>
internal static class DecoderTensors
{
    public const string Embeddings = "inputs_embeds";
    public const string SequenceLengthsMinusOne = "seqlens_k";
    public const string TotalLength = "total_sequence_length";
    public const string Positions = "position_ids";
    public const string AttentionBias = "attention_bias";
    public const string LogitRows = "logit_rows";
    public const string Logits = "logits";

    /// <summary>State of the requested rows after the final norm, [1, rows, hidden]: what the head multiplies. In the graph's own
    /// type.</summary>
    public const string LastHidden = "last_hidden_state";

    private const string Present = "present.";

    private const string HiddenAfter = "hidden_states.";

    public static string PastKey(int layer) => $"past_key_values.{layer}.key";

    public static string PastValue(int layer) => $"past_key_values.{layer}.value";

    public static string PresentKey(int layer) => $"{Present}{layer}.key";

    public static string PresentValue(int layer) => $"{Present}{layer}.value";

    /// <summary>Whether an output is a layer's keys or values.</summary>
    public static bool IsPresent(string output) => output.StartsWith(Present, StringComparison.Ordinal);

    /// <summary>Residual stream of all rows after this many layers, [1, sequence, hidden]. In the graph's own type.</summary>
    public static string EarlyHidden(int layers) => HiddenAfter + layers.ToString(CultureInfo.InvariantCulture);

    /// <summary>Whether an output is the <see cref="EarlyHidden"/> of some layer.</summary>
    public static bool IsEarlyHidden(string output) => output.StartsWith(HiddenAfter, StringComparison.Ordinal);

    /// <summary>The layer whose states a decoder returns beside the last one's: a third of its depth, where questions have begun to read
    /// the picture; null for a decoder of one layer.</summary>
    public static int? EarlyLayer(int layers) => layers < 2 ? null : Math.Max(1, layers / 3);
}
