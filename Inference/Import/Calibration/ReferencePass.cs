using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Evaluation;
using MobileVlm.Edge.Inference.Evaluation.Gates;
using MobileVlm.Edge.Inference.Import.Checkpoints;
using MobileVlm.Edge.Inference.Import.Checkpoints.Config;
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
    private readonly GatePrompts _gates;
    private readonly YesNoScorer? _scorer;
    private readonly int _hidden;
    private readonly List<ISegment> _vision = [];
    private readonly List<ISegment> _decoder = [];
    private readonly LayerwiseModel _model;
    private readonly string _folder;
    private readonly ImportanceMatrix _importance;

    /// <summary>Finds every tensor and reads none.</summary>
    /// <param name="checkpoint">The model.</param>
    /// <param name="source">Its weights.</param>
    /// <param name="set">What weights are calibrated with, and the gates.</param>
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

        // A model of text only is calibrated with texts: it is not asked about pictures.
        _prompts = config.Vision is null ? [] : [.. CalibrationPrompt.Encode(set, tokenizer, hasVision: true)
            .Where(p => p.Length(visualTokens) <= config.Language.MaxPositions)];
        _texts = set.EncodeTexts(tokenizer, config.Language.MaxPositions);
        _gates = GatePrompts.Encode(set.Gates, tokenizer, visualTokens, config.Language.MaxPositions, PublishedDecoders.SuffixOf(config.Language));
        _scorer = YesNoScorer.Find(tokenizer);
        _hidden = config.Language.HiddenSize;
        AddDecoder(source, config.Language);
        _model = new LayerwiseModel(checkpoint, _vision, _decoder);
    }

    /// <summary>Runs calibration and gates.</summary>
    /// <param name="take">Gets the logits of the gates' positions as well; null for nobody.</param>
    public ReferenceOutputs Run(GateLogitsTaker? take = null)
    {
        CalibrationPicture[] pictures = [.. _set.Pictures, .. _set.Gates.Pictures.Select(it => it.Picture)];
        var encoded = _vision.Count == 0 ? [] : _model.EncodePictures(pictures, measured: _set.Pictures.Count);
        float[][] heldOut = [.. encoded.Skip(_set.Pictures.Count)];
        var predictions = new ExactPrediction[_gates.Positions];
        HashSet<int> asked = [.. _gates.Continuations.Where(it => it.IsYesNo).Select(it => it.AnswerPosition)];
        _model.RunPrompts(
            _prompts.Select(p => (p, p.VisualTokensOf(encoded))), _texts, new GateRun(_gates, heldOut, (position, logits) =>
            {
                var prediction = ExactPrediction.Of(logits);
                predictions[position] = asked.Contains(position) && _scorer?.Score(logits) is var (score, mass)
                    ? prediction with { YesScore = (float)score, YesMass = (float)mass }
                    : prediction;
                take?.Invoke(position, logits);
            }));
        return new ReferenceOutputs(
            _set, _gates, _scorer, heldOut, new GateReference(predictions, [.. heldOut.Select(tokens => GateReference.Sample(tokens, _hidden))]));
    }

    private void AddVision(IWeightSource source, VisionConfig vision, ProjectorType projector, int hidden)
    {
        var capture = new CapturingLinearWriter();
        var model = new VisionGraphWriter(vision, projector, hidden, new VisionWriters(capture, capture, capture));
        Add(_vision, capture, "vision", graph => model.WriteEmbeddings(graph, source));
        for (var i = 0; i < vision.LayersUsed; i++)
        {
            var layer = i;
            Add(_vision, capture, "vision", graph => model.WriteLayer(graph, source, layer));
        }

        Add(_vision, capture, "vision", graph => model.WriteProjector(graph, source));
    }

    private void AddDecoder(IWeightSource source, LanguageConfig language)
    {
        var capture = new CapturingLinearWriter();
        var model = new DecoderGraphWriter(language, new DecoderWriters(capture, capture, capture, capture));
        for (var i = 0; i < language.Layers; i++)
        {
            var layer = i;
            Add(_decoder, capture, "decoder", graph => model.WriteLayer(graph, source, layer), _importance.Covariances);
        }

        Add(_decoder, capture, "decoder", graph => model.WriteLogits(graph, source));
    }

    private void Add(List<ISegment> segments, CapturingLinearWriter capture, string name, Action<OnnxGraph> write, CovarianceStore? covariances = null)
    {
        var graph = new OnnxGraph(name);
        write(graph);
        segments.Add(new ReferenceSegment(_folder, graph, capture.Take(graph), _importance, covariances));
    }
}
