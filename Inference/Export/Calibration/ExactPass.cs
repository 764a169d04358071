using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using MobileVlm.Edge.Inference.Checkpoints;
using MobileVlm.Edge.Inference.Images;
using MobileVlm.Edge.Inference.Text;

namespace MobileVlm.Edge.Inference.Export.Calibration;

/// <summary>A checkpoint's own answers in float32, one layer after the other, so that a box which cannot hold the whole
/// model learns them all the same: what is held is one layer's weights (1.4B: 0.2 GB, 2.7B: 0.3 GB), the head's and the
/// residual streams of all calibration prompts (some 20 MB).</summary>
internal sealed class ExactPass
{
    private readonly Checkpoint _checkpoint;
    private readonly CalibrationSet _set;
    private readonly CalibrationPrompt[] _prompts;
    private readonly List<ExactSegment> _vision = [];
    private readonly List<ExactSegment> _decoder = [];
    private readonly CheckpointTensor _embeddings;
    private readonly int _visualTokens;

    /// <summary>Looks up every tensor and reads none.</summary>
    public ExactPass(Checkpoint checkpoint, WeightSource source, CalibrationSet set, LlamaTextTokenizer tokenizer)
    {
        var config = checkpoint.Config;
        (_checkpoint, _set) = (checkpoint, set);
        if (config is { Vision: { } vision, Projector: { } projector })
        {
            _visualTokens = ProjectorGraph.TokenCount(projector, vision);
            AddVision(source, vision, projector, config.Language.HiddenSize);
        }

        _prompts = [.. CalibrationPrompt.Encode(set, tokenizer, config.Vision is not null)
            .Where(p => p.Length(_visualTokens) <= config.Language.MaxPositions)];
        _embeddings = checkpoint.Get(
            "model.embed_tokens.weight", config.Language.VocabularySize, config.Language.HiddenSize);
        AddDecoder(source, config.Language);
    }

    /// <param name="folder">A place for one layer in float32; removed afterwards.</param>
    /// <param name="moments">Filled with what goes into each linear layer.</param>
    public ExactOutputs Run(string folder, ActivationMoments moments)
    {
        var pictures = _vision.Count == 0 ? [] : Look(folder, moments);
        var streams = _prompts.Select(p => Embed(p, pictures)).ToArray();
        for (var i = 0; i < _decoder.Count - 1; i++)
        {
            var layer = i;
            _decoder[i].Run(
                folder, streams.Select(s => LayerInputs(s, layer)), moments, (item, next) => next.CopyTo(streams[item]));
        }

        var logits = new float[_prompts.Length][];
        _decoder[^1].Run(
            folder, streams.Select((s, i) => HeadInputs(s, _prompts[i].Rows(_visualTokens))), moments,
            (i, values) => logits[i] = values.ToArray());
        return new ExactOutputs(_set, pictures, _prompts, logits);
    }

    private int Hidden => _checkpoint.Config.Language.HiddenSize;

    private void AddVision(WeightSource source, VisionConfig vision, ProjectorType projector, int hidden)
    {
        var tap = new TappingLinearWriter();
        var model = new VisionGraph(vision, projector, hidden, new VisionWriters(tap, tap, tap));
        Add(_vision, tap, "vision", VisionGraph.NextHidden, graph => model.WriteEmbeddings(graph, source));
        for (var i = 0; i < vision.LayersUsed; i++)
        {
            var layer = i;
            Add(_vision, tap, "vision", VisionGraph.NextHidden, graph => model.WriteLayer(graph, source, layer));
        }

        Add(_vision, tap, "vision", VisionGraph.VisualTokens, graph => model.WriteProjector(graph, source));
    }

    private void AddDecoder(WeightSource source, LanguageConfig language)
    {
        var tap = new TappingLinearWriter();
        var model = new DecoderGraph(language, new DecoderWriters(tap, tap, tap));
        for (var i = 0; i < language.Layers; i++)
        {
            var layer = i;
            Add(_decoder, tap, "decoder", DecoderGraph.NextHidden, graph => model.WriteLayer(graph, source, layer));
        }

        Add(_decoder, tap, "decoder", DecoderGraph.Logits, graph => model.WriteLogits(graph, source));
    }

    private static void Add(
        List<ExactSegment> segments, TappingLinearWriter tap, string name, string result, Action<OnnxGraph> write)
    {
        var graph = new OnnxGraph(name);
        write(graph);
        segments.Add(new ExactSegment(graph, tap.Take(graph), result));
    }

    /// <summary>Visual tokens of each picture.</summary>
    private float[][] Look(string folder, ActivationMoments moments)
    {
        var vision = _checkpoint.Config.Vision!;
        var preprocessor = new ImagePreprocessor(vision.ImageSize, vision.ImageMean, vision.ImageStd);
        var streams = _set.Pictures.Select(p =>
        {
            var pixels = new float[3 * vision.ImageSize * vision.ImageSize];
            preprocessor.Preprocess(p.Image, pixels);
            return pixels;
        }).ToArray();
        long[] shape = [1, 3, vision.ImageSize, vision.ImageSize];
        foreach (var segment in _vision)
        {
            var input = segment == _vision[0] ? VisionGraph.PixelValues : VisionGraph.Hidden;
            segment.Run(folder, streams.Select(s => One(input, s, shape)), moments, (i, next) => streams[i] = next.ToArray());
            shape = [1, vision.Patches + 1, vision.HiddenSize];
        }

        return streams;
    }

    /// <summary>The prompt and its answer as the decoder takes them, [length, hidden].</summary>
    private float[] Embed(CalibrationPrompt prompt, float[][] pictures)
    {
        var stream = new float[prompt.Length(_visualTokens) * Hidden];
        var at = 0;
        void Tokens(int[] ids)
        {
            foreach (var id in ids)
            {
                _checkpoint.Read(_embeddings, (long)id * Hidden, stream.AsSpan(at, Hidden));
                at += Hidden;
            }
        }

        Tokens(prompt.Before);
        if (prompt.Picture is { } picture)
        {
            pictures[picture].CopyTo(stream, at);
            at += pictures[picture].Length;
        }

        Tokens(prompt.After);
        Tokens(prompt.Answer);
        return stream;
    }

    private static Dictionary<string, OrtValue> One(string input, float[] values, long[] shape) =>
        new() { [input] = OrtValue.CreateTensorValueFromMemory(values, shape) };

    private Dictionary<string, OrtValue> LayerInputs(float[] stream, int layer)
    {
        var (language, length) = (_checkpoint.Config.Language, stream.Length / Hidden);
        long[] empty = [1, language.KeyValueHeads, 0, language.HeadSize];
        return new Dictionary<string, OrtValue>
        {
            [DecoderGraph.Hidden] = OrtValue.CreateTensorValueFromMemory(stream, [1, length, Hidden]),
            [DecoderGraph.PastLength] = OrtValue.CreateTensorValueFromMemory([length - 1], [1]),
            [DecoderGraph.TotalLength] = OrtValue.CreateTensorValueFromMemory([length], []),
            [DecoderGraph.PastKey(layer)] = Empty(empty),
            [DecoderGraph.PastValue(layer)] = Empty(empty),
        };
    }

    private Dictionary<string, OrtValue> HeadInputs(float[] stream, long[] rows) => new()
    {
        [DecoderGraph.Hidden] = OrtValue.CreateTensorValueFromMemory(stream, [1, stream.Length / Hidden, Hidden]),
        [DecoderGraph.LogitRows] = OrtValue.CreateTensorValueFromMemory(rows, [rows.Length]),
    };

    private static OrtValue Empty(long[] shape) =>
        OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, TensorElementType.Float, shape);
}
