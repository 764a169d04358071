using System.Runtime.InteropServices;
using MobileVlm.Edge.Inference.Import.Precision;
using MobileVlm.Edge.Inference.Import.Quantization;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Onnx;
using static MobileVlm.Edge.Inference.Models.DecoderTensors;

namespace MobileVlm.Edge.Inference.Import.Graphs;

/// <summary>Writes a LLaMA decoder as ONNX: embeddings in, logits of chosen rows out, one KV cache per layer that is
/// past and present at once (bind the same buffer to both, nothing is copied).</summary>
internal sealed partial class DecoderGraphWriter(LanguageConfig config, DecoderWriters writers)
{
    /// <summary>Inputs of the attention; empty where tokens follow each other in one line.</summary>
    private string _positions = "";
    private string _bias = "";

    public void Write(OnnxGraph graph, IWeightSource source)
    {
        var hidden = config.HiddenSize;
        var embeddings = graph.FromFloat32("embeddings", graph.Input(Embeddings, OnnxType.Float32, 1, "sequence", hidden));
        WriteLengths(graph);
        WriteSequences(graph);
        var rows = graph.Input(LogitRows, OnnxType.Int64, "rows");
        WriteRotaryCaches(graph);

        var residual = embeddings;
        var normed = RmsNorm(graph, source, "layers.0.input_norm", embeddings, "model.layers.0.input_layernorm.weight");
        for (var layer = 0; layer < config.Layers; layer++)
        {
            // Behind the last attention only the requested rows are used; the others are there for their keys and values.
            var last = layer == config.Layers - 1;
            var attention = WriteAttention(graph, source, layer, normed, last ? rows : null);
            residual = last ? Requested(graph, "requested_rows", residual, rows) : residual;
            (normed, residual) = SkipNorm(
                graph, source, $"layers.{layer}.post_norm", residual, attention,
                $"model.layers.{layer}.post_attention_layernorm.weight", $"layers.{layer}.post_norm.residual");
            var mlp = WriteMlp(graph, source, layer, normed);
            (normed, residual) = last
                ? (FinalNorm(graph, source, residual, mlp), "")
                : SkipNorm(
                    graph, source, $"layers.{layer + 1}.input_norm", residual, mlp,
                    $"model.layers.{layer + 1}.input_layernorm.weight", SumName(layer + 1));
        }

        WriteHead(graph, source, normed);
        WriteHiddenStates(graph);
        for (var layer = 0; layer < config.Layers; layer++)
        {
            graph.Output(PresentKey(layer), graph.ActivationType, 1, config.KeyValueHeads, "capacity", config.HeadSize);
            graph.Output(PresentValue(layer), graph.ActivationType, 1, config.KeyValueHeads, "capacity", config.HeadSize);
        }
    }

    private static void WriteLengths(OnnxGraph graph)
    {
        graph.Input(SequenceLengthsMinusOne, OnnxType.Int32, 1);
        graph.Input(TotalLength, OnnxType.Int32);
    }

    /// <summary>Inputs that let one row of tokens be several continuations of one prefix: the position of each token, and what
    /// it does not attend to. The bias is as wide as the cache, so that its shape, and what is bound, stays the same from
    /// token to token; the operator takes exactly the part in use.</summary>
    private void WriteSequences(OnnxGraph graph)
    {
        _positions = graph.Input(Positions, OnnxType.Int64, 1, "sequence");
        var bias = graph.Input(AttentionBias, OnnxType.Float32, 1, 1, "sequence", "capacity");
        var length = graph.Node("Cast", "total_length", [TotalLength], OnnxAttribute.Int("to", (long)OnnxType.Int64));
        var until = graph.Node("Reshape", "bias_to", [length, graph.Constant("bias_to_shape", [1])]);
        var inUse = graph.Node(
            "Slice", "bias_in_use", [bias, graph.Constant("bias_from", [0]), until, graph.Constant("bias_axis", [3])]);
        _bias = graph.FromFloat32("bias_added", inUse);
    }

    /// <summary>Declares values that the graph computes anyway as outputs, in the type in which it computes: a cast would run in every
    /// pass, whether its result is fetched or not.</summary>
    private void WriteHiddenStates(OnnxGraph graph)
    {
        if (EarlyLayer(config.Layers) is { } layer)
        {
            graph.Output(EarlyHidden(layer), graph.ActivationType, 1, "sequence", config.HiddenSize);
        }

        // A calibration may have declared the head's input.
        if (!graph.HasOutput(LastHidden))
        {
            graph.Output(LastHidden, graph.ActivationType, 1, "rows", config.HiddenSize);
        }
    }

    /// <summary>Name of the sum that enters a layer's first norm.</summary>
    private string SumName(int layer) => layer == EarlyLayer(config.Layers) ? EarlyHidden(layer) : $"layers.{layer}.input_norm.residual";

    private static string Requested(OnnxGraph graph, string node, string values, string rows) =>
        graph.Node("Gather", node, [values, rows], OnnxAttribute.Int("axis", 1));

    /// <param name="graph">Receives the head.</param>
    /// <param name="source">The weights.</param>
    /// <param name="normed">The requested rows, [1, rows, hidden].</param>
    private void WriteHead(OnnxGraph graph, IWeightSource source, string normed)
    {
        var weight = config.TiedEmbeddings ? "model.embed_tokens.weight" : "lm_head.weight";
        writers.Head.Write(
            graph, source, graph.NameBeforeCast(Logits), normed, new LinearWeight(weight, config.VocabularySize, config.HiddenSize));
        graph.ToFloat32(Logits);
        graph.Output(Logits, OnnxType.Float32, 1, "rows", config.VocabularySize);
    }

    /// <param name="graph">Receives the attention.</param>
    /// <param name="source">The weights.</param>
    /// <param name="layer">Number of the layer.</param>
    /// <param name="normed">[1, sequence, hidden].</param>
    /// <param name="rows">The rows that are used behind it; null for all.</param>
    private string WriteAttention(OnnxGraph graph, IWeightSource source, int layer, string normed, string? rows = null)
    {
        var (hidden, kv) = (config.HiddenSize, config.KeyValueHeads * config.HeadSize);
        var prefix = $"model.layers.{layer}.self_attn";
        var qkv = writers.At(layer, config.Layers).Write(
            graph, source, $"layers.{layer}.qkv", normed,
            new LinearWeight($"{prefix}.q_proj.weight", config.Heads * config.HeadSize, hidden),
            new LinearWeight($"{prefix}.k_proj.weight", kv, hidden),
            new LinearWeight($"{prefix}.v_proj.weight", kv, hidden));
        var key = graph.Input(PastKey(layer), graph.ActivationType, 1, config.KeyValueHeads, "capacity", config.HeadSize);
        var value = graph.Input(PastValue(layer), graph.ActivationType, 1, config.KeyValueHeads, "capacity", config.HeadSize);
        var attention = $"layers.{layer}.attention";
        var all = rows is null ? attention : $"{attention}_all";
        graph.Contrib(
            "GroupQueryAttention",
            all,
            [qkv, "", "", key, value, SequenceLengthsMinusOne, TotalLength, "cos_cache", "sin_cache", _positions, _bias],
            [all, PresentKey(layer), PresentValue(layer)],
            OnnxAttribute.Int("num_heads", config.Heads),
            OnnxAttribute.Int("kv_num_heads", config.KeyValueHeads),
            OnnxAttribute.Float("scale", 1f / MathF.Sqrt(config.HeadSize)),
            OnnxAttribute.Int("do_rotary", 1),
            OnnxAttribute.Int("rotary_interleaved", 0));
        if (rows is not null)
        {
            Requested(graph, attention, all, rows);
        }

        return writers.AttentionOutput.Write(
            graph, source, $"layers.{layer}.out", attention,
            new LinearWeight($"{prefix}.o_proj.weight", hidden, config.Heads * config.HeadSize));
    }

    private string WriteMlp(OnnxGraph graph, IWeightSource source, int layer, string normed)
    {
        var (hidden, inner) = (config.HiddenSize, config.IntermediateSize);
        var (at, prefix) = ($"layers.{layer}", $"model.layers.{layer}.mlp");
        var gate = writers.Body.Write(graph, source, $"{at}.gate", normed, new LinearWeight($"{prefix}.gate_proj.weight", inner, hidden));
        var up = writers.Body.Write(graph, source, $"{at}.up", normed, new LinearWeight($"{prefix}.up_proj.weight", inner, hidden));
        var sigmoid = graph.Node("Sigmoid", $"{at}.sigmoid", [gate]);
        var silu = graph.Node("Mul", $"{at}.silu", [gate, sigmoid]);
        var gated = graph.Node("Mul", $"{at}.gated", [silu, up]);
        return writers.At(layer, config.Layers).Write(
            graph, source, $"{at}.down", gated, new LinearWeight($"{prefix}.down_proj.weight", hidden, inner));
    }

    private string RmsNorm(OnnxGraph graph, IWeightSource source, string node, string input, string weight) => graph.Node(
        "SimplifiedLayerNormalization",
        node,
        [input, NormWeight(graph, source, $"{node}.weight", weight)],
        OnnxAttribute.Float("epsilon", config.RmsNormEpsilon),
        OnnxAttribute.Int("axis", -1),
        OnnxAttribute.Int("stash_type", 1));

    /// <summary>RMS norm of residual + update; also yields that sum, the next residual.</summary>
    private (string Normed, string Residual) SkipNorm(
        OnnxGraph graph, IWeightSource source, string node, string residual, string update, string weight, string sum)
    {
        WriteSkipNorm(graph, source, node, residual, update, weight, [node, "", "", sum]);
        return (node, sum);
    }

    /// <summary>RMS norm of residual + update behind the last layer.</summary>
    private string FinalNorm(OnnxGraph graph, IWeightSource source, string residual, string update)
    {
        WriteSkipNorm(graph, source, "norm", residual, update, "model.norm.weight", [LastHidden]);
        return LastHidden;
    }

    private void WriteSkipNorm(
        OnnxGraph graph, IWeightSource source, string node, string residual, string update, string weight, ReadOnlySpan<string> outputs) =>
        graph.Contrib(
            "SkipSimplifiedLayerNormalization",
            node,
            [residual, update, NormWeight(graph, source, $"{node}.weight", weight)],
            outputs,
            OnnxAttribute.Float("epsilon", config.RmsNormEpsilon));

    private string NormWeight(OnnxGraph graph, IWeightSource source, string name, string weight) =>
        graph.FloatWeight(name, [config.HiddenSize], source.Untransposed(weight, config.HiddenSize));

    /// <summary>cos and sin of position * theta^(-2i / headSize), [positions, headSize / 2], in the single precision in
    /// which the reference computes them; made while they are written, because a configuration may claim a long context.</summary>
    private void WriteRotaryCaches(OnnxGraph graph)
    {
        var frequencies = new float[config.HeadSize / 2];
        for (var i = 0; i < frequencies.Length; i++)
        {
            frequencies[i] = 1f / MathF.Pow(config.RopeTheta, 2f * i / config.HeadSize);
        }

        Action<Stream> Write(Func<float, float> of) => stream =>
        {
            var row = new float[frequencies.Length];
            for (var position = 0; position < config.MaxPositions; position++)
            {
                for (var i = 0; i < row.Length; i++)
                {
                    row[i] = of(position * frequencies[i]);
                }

                stream.Write(MemoryMarshal.AsBytes(row.AsSpan()));
            }
        };

        graph.FloatWeight("cos_cache", [config.MaxPositions, frequencies.Length], Write(MathF.Cos));
        graph.FloatWeight("sin_cache", [config.MaxPositions, frequencies.Length], Write(MathF.Sin));
    }
}

/// <summary>The writer of each matrix of a decoder.</summary>
/// <param name="Body">All but the ones below.</param>
/// <param name="AttentionOutput">The attention's last, see <see cref="DecoderRecipe.AttentionOutput"/>.</param>
/// <param name="Sensitive">See <see cref="DecoderRecipe.IsSensitive"/>.</param>
/// <param name="Head">The one that makes logits.</param>
internal sealed record DecoderWriters(LinearWriter Body, LinearWriter AttentionOutput, LinearWriter Sensitive, LinearWriter Head)
{
    public static DecoderWriters Create(DecoderRecipe recipe, IInputImportance importance)
    {
        importance = new HeadImportance(importance);

        // One writer for one format, which quantizes an input of several matrices once.
        var body = LinearWriter.Create(recipe.Body, importance);
        return new DecoderWriters(
            body,
            AttentionOutputWriter(recipe.Body, body, importance),
            recipe.Sensitive == recipe.Body ? body : LinearWriter.Create(recipe.Sensitive, importance),
            recipe.Head == recipe.Body ? body : LinearWriter.Create(recipe.Head, importance));
    }

    /// <summary>All matrices in one format: one writer, which quantizes an input of several matrices once.</summary>
    public static DecoderWriters ForPrefill(WeightFormat format, IInputImportance importance)
    {
        var writer = LinearWriter.Create(format, importance);
        return new DecoderWriters(writer, AttentionOutputWriter(format, writer, importance), writer, writer);
    }

    private static LinearWriter AttentionOutputWriter(WeightFormat body, LinearWriter writer, IInputImportance importance) =>
        DecoderRecipe.AttentionOutput(body) is var format && format == body ? writer : LinearWriter.Create(format, importance);

    /// <summary>The writer for the attention's input projections and the MLP's last matrix.</summary>
    public LinearWriter At(int layer, int layers) => DecoderRecipe.IsSensitive(layer, layers) ? Sensitive : Body;
}

/// <summary>Finds the importance of the head's inputs under the name of the logits, which its node has in the float32 graph that
/// was measured.</summary>
internal sealed class HeadImportance(IInputImportance measured) : IInputImportance
{
    public float[] Importance(string node, int inputs) => measured.Importance(
        node.StartsWith(DecoderTensors.Logits, StringComparison.Ordinal) ? DecoderTensors.Logits : node, inputs);

    public ErrorCompensation? Compensation(string node) => measured.Compensation(node);
}
