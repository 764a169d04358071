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

    public static string PastKey(int layer) => $"past_key_values.{layer}.key";

    public static string PastValue(int layer) => $"past_key_values.{layer}.value";

    public static string PresentKey(int layer) => $"present.{layer}.key";

    public static string PresentValue(int layer) => $"present.{layer}.value";
}
