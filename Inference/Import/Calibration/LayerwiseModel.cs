using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using MobileVlm.Edge.Inference.Evaluation;
using MobileVlm.Edge.Inference.Evaluation.Gates;
using MobileVlm.Edge.Inference.Images;
using MobileVlm.Edge.Inference.Import.Checkpoints;
using MobileVlm.Edge.Inference.Import.Graphs;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Onnx;

namespace MobileVlm.Edge.Inference.Import.Calibration;

/// <summary>Prompts on which the loss is measured, for one run of a model.</summary>
/// <param name="Prompts">The prompts.</param>
/// <param name="Pictures">Visual tokens of each picture; empty for texts.</param>
/// <param name="Take">Gets the logits of each compared position.</param>
internal sealed record GateRun(GatePrompts Prompts, IReadOnlyList<float[]> Pictures, GateLogitsTaker Take);

/// <summary>A model that is run one segment after the other for all pictures and prompts, so that a machine whose memory is too
/// small for the whole model can run it: in memory are one segment's weights and the residual streams (60 MB for 1.7B).</summary>
/// <param name="checkpoint">Sizes and embeddings.</param>
/// <param name="vision">Embeddings, layers, projector.</param>
/// <param name="decoder">Layers, head.</param>
/// <param name="keyValueType">Type of the cache; residual streams are float32 between segments, which loses nothing.</param>
/// <param name="prefill">Layers and head in prefill weights, through which prompts go, while answers go through <paramref name="decoder"/>;
/// null where both go through that.</param>
internal sealed class LayerwiseModel(
    Checkpoint checkpoint,
    IReadOnlyList<ISegment> vision,
    IReadOnlyList<ISegment> decoder,
    OnnxType keyValueType = OnnxType.Float32,
    IReadOnlyList<ISegment>? prefill = null)
{
    private readonly CheckpointTensor _embeddings = checkpoint.Get(
        "model.embed_tokens.weight", checkpoint.Config.Language.VocabularySize, checkpoint.Config.Language.HiddenSize);

    private int HiddenSize => checkpoint.Config.Language.HiddenSize;

    /// <summary>Visual tokens of each picture, [tokens, hidden].</summary>
    /// <param name="pictures">The pictures.</param>
    /// <param name="measured">How many of them, from the first, weights are calibrated with.</param>
    public float[][] EncodePictures(IEnumerable<CalibrationPicture> pictures, int measured = 0)
    {
        var sizes = checkpoint.Config.Vision!;
        var preprocessor = new ImagePreprocessor(sizes.ImageSize, sizes.ImageMean, sizes.ImageStd);
        var streams = pictures.Select(p =>
        {
            var pixels = new float[3 * sizes.ImageSize * sizes.ImageSize];
            preprocessor.Preprocess(p.Image, pixels);
            return pixels;
        }).ToArray();
        long[] shape = [1, 3, sizes.ImageSize, sizes.ImageSize];
        foreach (var segment in vision)
        {
            ImportMemory.Release();
            var input = segment == vision[0] ? VisionTensors.PixelValues : VisionGraphWriter.Hidden;
            segment.Run(
                streams.Select((stream, i) => new SegmentItem(
                    new() { [input] = OrtValue.CreateTensorValueFromMemory(stream, shape) },
                    outputs => streams[i] = Replaced(stream, outputs[0].GetTensorDataAsSpan<float>()),
                    i < measured)),
                [segment == vision[^1] ? VisionTensors.VisualTokens : VisionGraphWriter.NextHidden]);
            shape = [1, sizes.Patches + 1, sizes.HiddenSize];
        }

        return streams;
    }

    /// <summary>The next values of a residual stream, in the same memory where they have the same size.</summary>
    private static float[] Replaced(float[] stream, ReadOnlySpan<float> next)
    {
        if (stream.Length != next.Length)
        {
            return next.ToArray();
        }

        next.CopyTo(stream);
        return stream;
    }

    /// <summary>Runs prompts through the decoder.</summary>
    /// <param name="prompts">With the visual tokens of the picture that each is about; empty where there is none. Weights are calibrated
    /// with them.</param>
    /// <param name="texts">Ids of texts that go through the model as well, only to calibrate weights.</param>
    /// <param name="gates">Prompts that go through the model as a service runs them, only to measure; null for none.</param>
    /// <returns>Logits of each prompt along its answer, [positions, vocabulary].</returns>
    public float[][] RunPrompts(
        IEnumerable<(CalibrationPrompt Prompt, float[] Picture)> prompts, IReadOnlyList<int[]>? texts = null, GateRun? gates = null)
    {
        var all = prompts.ToArray();
        var streams = all.Select(p => Embed(p.Prompt, p.Picture)).Concat((texts ?? []).Select(Embed)).ToArray();
        var tree = gates is null ? GateStreams.None : new GateStreams(gates, Embed);
        for (var i = 0; i < decoder.Count - 1; i++)
        {
            ImportMemory.Release();
            var layer = i;
            string[] outputs = [DecoderGraphWriter.NextHidden, DecoderTensors.PresentKey(layer), DecoderTensors.PresentValue(layer)];
            SegmentItem LayerItem(GateStep step) => new(
                LayerInputs(step.Stream, layer, step.Past),
                results => step.Advance(results[0].GetTensorDataAsSpan<float>(), results[1], results[2]),
                IsMeasured: false);
            IEnumerable<SegmentItem> own = streams.Select(stream => new SegmentItem(
                LayerInputs(stream, layer, past: null), results => results[0].GetTensorDataAsSpan<float>().CopyTo(stream)));
            var (asked, answered) = (tree.PromptSteps().Select(LayerItem), tree.AnswerSteps().Select(LayerItem));
            prefill?[layer].Run(asked, outputs);
            decoder[layer].Run(own.Concat(prefill is null ? asked : []).Concat(answered), outputs);
        }

        return RunHead(all, streams, tree, gates);
    }

    private float[][] RunHead(
        (CalibrationPrompt Prompt, float[] Picture)[] prompts, float[][] streams, GateStreams tree, GateRun? gates)
    {
        var (vocabulary, logits) = (checkpoint.Config.Language.VocabularySize, new float[prompts.Length][]);
        SegmentItem Compared(float[] stream, int rows, int position) => new(
            HeadInputs(stream, [.. Enumerable.Range((stream.Length / HiddenSize) - rows, rows).Select(row => (long)row)]),
            results =>
            {
                var values = results[0].GetTensorDataAsSpan<float>();
                for (var row = 0; row < rows; row++)
                {
                    gates!.Take(position + row, values.Slice(row * vocabulary, vocabulary));
                }
            },
            IsMeasured: false);
        var own = streams.Select((stream, i) => new SegmentItem(
            HeadInputs(stream, i < prompts.Length ? prompts[i].Prompt.Rows(prompts[i].Picture.Length / HiddenSize) : TextRows(stream)),
            results =>
            {
                if (i < prompts.Length)
                {
                    logits[i] = results[0].GetTensorDataAsSpan<float>().ToArray();
                }
            }));
        var asked = tree.Questions.Select(it => Compared(it.Prompt, it.Source.PromptRows, it.Source.Position));
        var answered = tree.Questions.Where(it => it.Source.Answer.Length > 0)
            .Select(it => Compared(it.Answer, it.Source.Answer.Length, it.Source.Position + it.Source.PromptRows));
        string[] outputs = [DecoderTensors.Logits];
        prefill?[^1].Run(asked, outputs);
        decoder[^1].Run(own.Concat(prefill is null ? asked : []).Concat(answered), outputs);
        return logits;
    }

    /// <summary>Some rows of a text, because logits of all of them would take half a megabyte each.</summary>
    private long[] TextRows(float[] stream)
    {
        const int Step = 8;
        return [.. Enumerable.Range(1, stream.Length / HiddenSize / Step).Select(i => (long)(i * Step) - 1)];
    }

    private float[] Embed(int[] ids)
    {
        var stream = new float[ids.Length * HiddenSize];
        for (var i = 0; i < ids.Length; i++)
        {
            checkpoint.Read(_embeddings, (long)ids[i] * HiddenSize, stream.AsSpan(i * HiddenSize, HiddenSize));
        }

        return stream;
    }

    /// <summary>The prompt and its answer as the decoder takes them, [length, hidden].</summary>
    private float[] Embed(CalibrationPrompt prompt, float[] visualTokens) =>
        [.. Embed(prompt.Before), .. visualTokens, .. Embed(prompt.After), .. Embed(prompt.Answer)];

    /// <param name="stream">The new tokens, [length, hidden].</param>
    /// <param name="layer">Number of the layer.</param>
    /// <param name="past">Keys and values of the tokens before; null for none.</param>
    private Dictionary<string, OrtValue> LayerInputs(float[] stream, int layer, GatePast? past)
    {
        var (language, length) = (checkpoint.Config.Language, stream.Length / HiddenSize);
        long[] empty = [1, language.KeyValueHeads, 0, language.HeadSize];
        var total = length + (past?.Tokens ?? 0);
        return new Dictionary<string, OrtValue>
        {
            [DecoderGraphWriter.Hidden] = OrtValue.CreateTensorValueFromMemory(stream, [1, length, HiddenSize]),
            [DecoderTensors.SequenceLengthsMinusOne] = OrtValue.CreateTensorValueFromMemory([total - 1], [1]),
            [DecoderTensors.TotalLength] = OrtValue.CreateTensorValueFromMemory([total], []),
            [DecoderTensors.PastKey(layer)] = past?.Keys.Open() ?? Empty(empty),
            [DecoderTensors.PastValue(layer)] = past?.Values.Open() ?? Empty(empty),
        };
    }

    private Dictionary<string, OrtValue> HeadInputs(float[] stream, long[] rows) => new()
    {
        [DecoderGraphWriter.Hidden] = OrtValue.CreateTensorValueFromMemory(stream, [1, stream.Length / HiddenSize, HiddenSize]),
        [DecoderTensors.LogitRows] = OrtValue.CreateTensorValueFromMemory(rows, [rows.Length]),
    };

    private OrtValue Empty(long[] shape) => OrtValue.CreateAllocatedTensorValue(
        OrtAllocator.DefaultInstance, keyValueType == OnnxType.Float16 ? TensorElementType.Float16 : TensorElementType.Float, shape);
}
