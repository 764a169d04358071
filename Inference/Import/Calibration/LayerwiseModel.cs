using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using MobileVlm.Edge.Inference.Evaluation;
using MobileVlm.Edge.Inference.Images;
using MobileVlm.Edge.Inference.Import.Checkpoints;
using MobileVlm.Edge.Inference.Import.Graphs;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Onnx;

namespace MobileVlm.Edge.Inference.Import.Calibration;

/// <summary>A model that is run one segment after the other for all pictures and prompts, so that a machine whose memory is too
/// small for the whole model can run it: in memory are one segment's weights and the residual streams (20 MB for 8 prompts
/// of 1.7B).</summary>
/// <param name="checkpoint">Sizes and embeddings.</param>
/// <param name="vision">Embeddings, layers, projector.</param>
/// <param name="decoder">Layers, head.</param>
/// <param name="keyValueType">Type of the cache; residual streams are float32 between segments, which loses nothing.</param>
internal sealed class LayerwiseModel(
    Checkpoint checkpoint, IReadOnlyList<ISegment> vision, IReadOnlyList<ISegment> decoder, OnnxType keyValueType = OnnxType.Float32)
{
    private readonly CheckpointTensor _embeddings = checkpoint.Get(
        "model.embed_tokens.weight", checkpoint.Config.Language.VocabularySize, checkpoint.Config.Language.HiddenSize);

    private int HiddenSize => checkpoint.Config.Language.HiddenSize;

    /// <summary>Visual tokens of each picture, [tokens, hidden].</summary>
    public float[][] EncodePictures(IEnumerable<CalibrationPicture> pictures)
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
            var input = segment == vision[0] ? VisionTensors.PixelValues : VisionGraphWriter.Hidden;
            segment.Run(streams.Select(s => One(input, s, shape)), (i, next) => streams[i] = next.ToArray());
            shape = [1, sizes.Patches + 1, sizes.HiddenSize];
        }

        return streams;
    }

    /// <summary>Logits of each prompt along its answer, [positions, vocabulary].</summary>
    /// <param name="prompts">With the visual tokens of the picture that each is about; empty where there is none.</param>
    /// <param name="texts">Ids of texts that go through the model as well, only to be measured on the way.</param>
    public float[][] RunPrompts(IEnumerable<(CalibrationPrompt Prompt, float[] Picture)> prompts, IReadOnlyList<int[]>? texts = null)
    {
        var all = prompts.ToArray();
        var streams = all.Select(p => Embed(p.Prompt, p.Picture)).Concat((texts ?? []).Select(Embed)).ToArray();
        for (var i = 0; i < decoder.Count - 1; i++)
        {
            var layer = i;
            decoder[i].Run(streams.Select(s => LayerInputs(s, layer)), (item, next) => next.CopyTo(streams[item]));
        }

        var logits = new float[all.Length][];
        decoder[^1].Run(
            streams.Select((s, i) => HeadInputs(s, i < all.Length ? all[i].Prompt.Rows(all[i].Picture.Length / HiddenSize) : TextRows(s))),
            (i, values) =>
            {
                if (i < all.Length)
                {
                    logits[i] = values.ToArray();
                }
            });
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
    private float[] Embed(CalibrationPrompt prompt, float[] visualTokens)
    {
        var stream = new float[prompt.Length(visualTokens.Length / HiddenSize) * HiddenSize];
        var at = 0;
        void Tokens(int[] ids)
        {
            foreach (var id in ids)
            {
                checkpoint.Read(_embeddings, (long)id * HiddenSize, stream.AsSpan(at, HiddenSize));
                at += HiddenSize;
            }
        }

        Tokens(prompt.Before);
        visualTokens.CopyTo(stream, at);
        at += visualTokens.Length;
        Tokens(prompt.After);
        Tokens(prompt.Answer);
        return stream;
    }

    private static Dictionary<string, OrtValue> One(string input, float[] values, long[] shape) =>
        new() { [input] = OrtValue.CreateTensorValueFromMemory(values, shape) };

    private Dictionary<string, OrtValue> LayerInputs(float[] stream, int layer)
    {
        var (language, length) = (checkpoint.Config.Language, stream.Length / HiddenSize);
        long[] empty = [1, language.KeyValueHeads, 0, language.HeadSize];
        return new Dictionary<string, OrtValue>
        {
            [DecoderGraphWriter.Hidden] = OrtValue.CreateTensorValueFromMemory(stream, [1, length, HiddenSize]),
            [DecoderTensors.SequenceLengthsMinusOne] = OrtValue.CreateTensorValueFromMemory([length - 1], [1]),
            [DecoderTensors.TotalLength] = OrtValue.CreateTensorValueFromMemory([length], []),
            [DecoderTensors.PastKey(layer)] = Empty(empty),
            [DecoderTensors.PastValue(layer)] = Empty(empty),
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
