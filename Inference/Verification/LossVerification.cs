using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Decoding;
using MobileVlm.Edge.Inference.Evaluation;
using MobileVlm.Edge.Inference.Evaluation.Gates;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Sessions;
using MobileVlm.Edge.Inference.Text;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Inference.Verification;

/// <summary>A loss that was measured again.</summary>
/// <param name="Recorded">What the import measured.</param>
/// <param name="Found">What this machine measures, for each of <paramref name="Recorded"/>, in the same order.</param>
/// <param name="RecordedOn">The machine of the import.</param>
/// <param name="FoundOn">This machine.</param>
public sealed record LossComparison(
    IReadOnlyList<GateResult> Recorded, IReadOnlyList<GateResult> Found, MeasuringMachine RecordedOn, MeasuringMachine FoundOn)
{
    /// <summary>Limits that held at import and are exceeded here.</summary>
    public IReadOnlyList<GateResult> Exceeded => [.. Recorded.Zip(Found).Where(pair => pair.First.Passed && !pair.Second.Passed).Select(pair => pair.Second)];
}

/// <summary>Measures the loss of a model folder again: with the folder's own sessions, as a service runs them, against what the
/// checkpoint computed in float32 at import.</summary>
public static class LossVerification
{
    /// <summary>Gates that take all visual tokens of the float32 model, which a folder does not have.</summary>
    private const string NeedsAllVisualTokens = "visionCosine";

    /// <summary>Whether this machine may give other results than the one that measured the loss: another processor, other kernels or
    /// another version of the runtime.</summary>
    /// <returns>What differs, in words; null where nothing does, or where the manifest has no such record.</returns>
    public static string? Difference(ModelFolder folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        return folder.Manifest.Loss?.Machine is { } recorded ? Difference(recorded, ThisMachine.Describe(folder.Manifest)) : null;
    }

    /// <summary>Measures the loss again.</summary>
    /// <param name="folder">The model.</param>
    /// <param name="settings">Where and how it runs.</param>
    /// <param name="read">Decodes the photographs of this program.</param>
    /// <param name="cancel">Stops before the next picture or text.</param>
    /// <returns>Null where it cannot be measured: the folder has no record of it, or it was measured on pictures that this program
    /// does not have.</returns>
    /// <exception cref="ModelFolderException">The folder is damaged.</exception>
    public static LossComparison? Measure(ModelFolder folder, ExecutionSettings settings, PictureReader read, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(folder);
        var manifest = folder.Manifest;
        if (manifest.Loss is not { Gates: { } recorded, Machine: { } machine, Scenes: { } scenes } || !folder.HasGateReference)
        {
            return null;
        }

        var gates = GateSet.Bundled(read);
        if (scenes.Material != gates.Fingerprint)
        {
            return null;
        }

        var tokenizer = LlamaTextTokenizer.Open(folder);
        var prompts = GatePrompts.Encode(
            gates, tokenizer, manifest.VisualTokens, manifest.Language.MaxPositions, (manifest.Scoring ?? ScoringDefaults.None).Suffix);
        var reference = GateReference.Read(folder);
        if (reference.Predictions.Count != prompts.Positions || reference.VisualTokens.Count != (prompts.HasVision ? gates.Pictures.Count : 0))
        {
            throw new ModelFolderException(folder.FolderPath, $"{ModelFolder.GateReferenceFile} belongs to another model. Import the model again.");
        }

        var meter = new GateMeter(prompts, reference, YesNoScorer.Find(tokenizer));
        var pictures = prompts.HasVision ? Encode(folder, settings, gates, cancel) : [];
        using var decoder = new LanguageDecoder(folder, settings with { MinPrefillTokens = 1 });
        Run(decoder, prompts, pictures, meter.Take, cancel);
        var loss = new ModelLoss("", prompts.HasVision ? VisionLossOf(folder, reference, pictures) : null, meter.Result(), null);
        var found = LossLimits.Gates(loss).ToDictionary(gate => gate.Name);
        GateResult[] comparable = [.. recorded.Where(gate => gate.Name != NeedsAllVisualTokens && found.ContainsKey(gate.Name))];
        return new LossComparison(comparable, [.. comparable.Select(gate => found[gate.Name])], machine, ThisMachine.Describe(manifest));
    }

    /// <summary>What differs between two machines, in words; null where nothing does.</summary>
    internal static string? Difference(MeasuringMachine recorded, MeasuringMachine here)
    {
        string[] differences =
        [
            .. recorded.Processor == here.Processor ? (string[])[] : [$"processor {here.Processor}, at import {recorded.Processor}"],
            .. recorded.Instructions.Order().SequenceEqual(here.Instructions.Order()) ? (string[])[]
                : [$"instructions {Words(here.Instructions)}, at import {Words(recorded.Instructions)}"],
            .. recorded.Kernels.SequenceEqual(here.Kernels) ? (string[])[] : [$"kernels {Words(here.Kernels)}, at import {Words(recorded.Kernels)}"],
            .. recorded.Runtime == here.Runtime ? (string[])[] : [$"{here.Runtime}, at import {recorded.Runtime}"],
        ];
        return differences.Length == 0 ? null : string.Join("; ", differences);
    }

    private static string Words(IReadOnlyList<string> names) => names.Count == 0 ? "none" : string.Join(", ", names);

    private static float[][] Encode(ModelFolder folder, ExecutionSettings settings, GateSet gates, CancellationToken cancel)
    {
        using var encoder = new VisionEncoder(folder, settings);
        return [.. gates.Pictures.Select(it =>
        {
            cancel.ThrowIfCancellationRequested();
            using var tokens = encoder.Encode(it.Picture.Image);
            return tokens.Values.ToArray();
        })];
    }

    private static VisionLoss VisionLossOf(ModelFolder folder, GateReference reference, float[][] pictures)
    {
        var hidden = folder.Manifest.Language.HiddenSize;
        return new VisionLoss(pictures.Length, double.NaN, double.NaN, double.NaN)
        {
            TokenCosine5 = GateMeter.TokenCosine5(
                reference.VisualTokens, [.. pictures.Select(tokens => GateReference.Sample(tokens, hidden))], hidden),
        };
    }

    /// <summary>The prompts as a service runs them: what sequences have in common once, then each question behind it in the prefill
    /// weights, then its answer in the decode weights.</summary>
    private static void Run(LanguageDecoder decoder, GatePrompts prompts, float[][] pictures, GateLogitsTaker take, CancellationToken cancel)
    {
        foreach (var sequence in prompts.Sequences)
        {
            cancel.ThrowIfCancellationRequested();
            var picture = sequence.Picture is { } index ? pictures[index] : [];
            var length = sequence.Ids.Length + (picture.Length / decoder.Embeddings.HiddenSize);
            var longest = sequence.Continuations.Max(it => it.Prompt.Length + it.Answer.Length);
            using var state = decoder.CreateState(length + longest, minPrefillTokens: 1);
            state.Append(sequence.Ids);
            if (picture.Length > 0)
            {
                state.Append(picture.AsMemory());
            }

            foreach (var continuation in sequence.Continuations)
            {
                Ask(state, continuation, take);
                state.Rewind(length);
            }
        }
    }

    private static void Ask(DecoderState state, GateContinuation continuation, GateLogitsTaker take)
    {
        var answer = state.Fork();
        state.Append([new SequenceTokens(answer, continuation.Prompt, continuation.PromptRows)]);
        Report(continuation.Position, continuation.PromptRows);
        if (continuation.Answer.Length > 0)
        {
            state.Append([new SequenceTokens(answer, continuation.Answer, continuation.Answer.Length)], useDecodeWeights: true);
            Report(continuation.Position + continuation.PromptRows, continuation.Answer.Length);
        }

        void Report(int position, int rows)
        {
            for (var row = 0; row < rows; row++)
            {
                take(position + row, state.Logits(row));
            }
        }
    }
}
