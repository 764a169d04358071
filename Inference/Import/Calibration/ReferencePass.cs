using MobileVlm.Edge.Inference.Evaluation;
using MobileVlm.Edge.Inference.Import.Checkpoints;
using MobileVlm.Edge.Inference.Import.Graphs;
using MobileVlm.Edge.Inference.Import.Quantization;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Onnx;
using MobileVlm.Edge.Inference.Text;

namespace MobileVlm.Edge.Inference.Import.Calibration;

/// <summary>Runs a checkpoint in float32. One layer at a time is on the disk and in memory (1.4B: 0.2 GB, 2.7B: 0.3 GB), or
/// the head.</summary>
internal sealed class ReferencePass
{
    private readonly CalibrationSet _set;
    private readonly CalibrationPrompt[] _prompts;
    private readonly int[][] _texts;
    private readonly List<ISegment> _vision = [];
    private readonly List<ISegment> _decoder = [];
    private readonly LayerwiseModel _model;
    private readonly string _folder;
    private readonly ImportanceMatrix _importance;

    /// <summary>Finds every tensor and reads none.</summary>
    /// <param name="checkpoint">The model.</param>
    /// <param name="source">Its weights.</param>
    /// <param name="set">Pictures and questions.</param>
    /// <param name="tokenizer">The model's.</param>
    /// <param name="folder">For one layer in float32; removed after each.</param>
    /// <param name="importance">Receives the mean squares of each linear layer's inputs, and the covariances of the decoder's where
    /// it stores them.</param>
    public ReferencePass(
        Checkpoint checkpoint,
        IWeightSource source,
        CalibrationSet set,
        LlamaTextTokenizer tokenizer,
        string folder,
        ImportanceMatrix importance)
    {
        (_set, _folder, _importance) = (set, folder, importance);
        var config = checkpoint.Config;
        var visualTokens = 0;
        if (config is { Vision: { } vision, Projector: { } projector })
        {
            visualTokens = projector.TokenCount(vision);
            AddVision(source, vision, projector, config.Language.HiddenSize);
        }

        _prompts = [.. CalibrationPrompt.Encode(set, tokenizer, config.Vision is not null)
            .Where(p => p.Length(visualTokens) <= config.Language.MaxPositions)];
        _texts = set.EncodeTexts(tokenizer, config.Language.MaxPositions);
        AddDecoder(source, config.Language);
        _model = new LayerwiseModel(checkpoint, _vision, _decoder);
    }

    public ReferenceOutputs Run()
    {
        var pictures = _vision.Count == 0 ? [] : _model.EncodePictures(_set.Pictures);
        var logits = _model.RunPrompts(_prompts.Select(p => (p, p.VisualTokensOf(pictures))), _texts);
        return new ReferenceOutputs(_set, pictures, _prompts, logits);
    }

    private void AddVision(IWeightSource source, VisionConfig vision, ProjectorType projector, int hidden)
    {
        var capture = new CapturingLinearWriter();
        var model = new VisionGraphWriter(vision, projector, hidden, new VisionWriters(capture, capture, capture));
        Add(_vision, capture, "vision", VisionGraphWriter.NextHidden, graph => model.WriteEmbeddings(graph, source));
        for (var i = 0; i < vision.LayersUsed; i++)
        {
            var layer = i;
            Add(_vision, capture, "vision", VisionGraphWriter.NextHidden, graph => model.WriteLayer(graph, source, layer));
        }

        Add(_vision, capture, "vision", VisionTensors.VisualTokens, graph => model.WriteProjector(graph, source));
    }

    private void AddDecoder(IWeightSource source, LanguageConfig language)
    {
        var capture = new CapturingLinearWriter();
        var model = new DecoderGraphWriter(language, new DecoderWriters(capture, capture, capture, capture));
        for (var i = 0; i < language.Layers; i++)
        {
            var layer = i;
            Add(_decoder, capture, "decoder", DecoderGraphWriter.NextHidden, graph => model.WriteLayer(graph, source, layer), _importance.Covariances);
        }

        Add(_decoder, capture, "decoder", DecoderTensors.Logits, graph => model.WriteLogits(graph, source));
    }

    private void Add(List<ISegment> segments, CapturingLinearWriter capture, string name, string result, Action<OnnxGraph> write, CovarianceStore? covariances = null)
    {
        var graph = new OnnxGraph(name);
        write(graph);
        segments.Add(new ReferenceSegment(_folder, graph, capture.Take(graph), result, _importance, covariances));
    }
}
