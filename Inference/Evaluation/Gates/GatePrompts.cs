using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Text;

namespace MobileVlm.Edge.Inference.Evaluation.Gates;

/// <summary>A text that begins like others: a prompt up to its picture, or the beginning of a text.</summary>
/// <param name="Ids">Starts with the begin token.</param>
/// <param name="Picture">Index of the picture that follows them; null for none.</param>
/// <param name="Continuations">At least one. Each goes on where the picture ends.</param>
internal sealed record GateSequence(int[] Ids, int? Picture, IReadOnlyList<GateContinuation> Continuations);

/// <summary>A question with a given answer behind the beginning of a <see cref="GateSequence"/>.</summary>
/// <param name="Prompt">Ids of the question, or the next part of a text: with the beginning, what a service runs as a prompt.</param>
/// <param name="PromptRows">How many tokens of the prompt, counted back from its last, have their logits compared.</param>
/// <param name="Answer">Ids of the answer, or the rest of a text: what a service runs token by token. Logits are compared behind
/// each; empty where only the first token of the answer matters.</param>
/// <param name="IsYesNo">Whether the answer is yes or no.</param>
/// <param name="Position">Number of its first compared position, over all sequences.</param>
internal sealed record GateContinuation(int[] Prompt, int PromptRows, int[] Answer, bool IsYesNo, int Position)
{
    public int Positions => PromptRows + Answer.Length;

    /// <summary>The position at which the answer begins.</summary>
    public int AnswerPosition => Position + PromptRows - 1;
}

/// <summary>The prompts on which the loss of one model is measured, in its own tokens.</summary>
/// <param name="Sequences">Empty where nothing fits into the model's context.</param>
/// <param name="HasVision">Whether they are about pictures; otherwise they are texts.</param>
internal sealed record GatePrompts(IReadOnlyList<GateSequence> Sequences, bool HasVision)
{
    /// <summary>Tokens of a text: 64 of context, 32 compared as a prompt, 64 as an answer.</summary>
    private const int TextTokens = 160;

    /// <summary>Compared positions.</summary>
    public int Positions => Continuations.Sum(it => it.Positions);

    public IEnumerable<GateContinuation> Continuations => Sequences.SelectMany(sequence => sequence.Continuations);

    /// <summary>Positions at which an answer to a question about a picture begins.</summary>
    public HashSet<int> AnswerPositions => HasVision ? [.. Continuations.Select(it => it.AnswerPosition)] : [];

    /// <summary>Questions about the pictures for a model that encodes them, the texts for any other.</summary>
    /// <param name="set">What is asked.</param>
    /// <param name="tokenizer">The model's.</param>
    /// <param name="visualTokens">Tokens of a picture; 0 for a model of text only.</param>
    /// <param name="maxPositions">The model's longest context; questions that do not fit are left out.</param>
    /// <param name="suffix">Stands on its own line after a yes/no question; empty for none (<see cref="ScoringDefaults"/>).</param>
    public static GatePrompts Encode(GateSet set, LlamaTextTokenizer tokenizer, int visualTokens, int maxPositions, string suffix)
    {
        var next = 0;
        GateContinuation At(GateContinuation continuation)
        {
            continuation = continuation with { Position = next };
            next += continuation.Positions;
            return continuation;
        }

        IEnumerable<GateSequence> all = visualTokens > 0
            ? set.Pictures.Select((picture, i) => OfPicture(tokenizer, picture.Caption, i, suffix))
            : set.Texts.Select(text => OfText([tokenizer.BeginId, .. tokenizer.Encode(text)], maxPositions));
        var sequences = all
            .Select(sequence => sequence with
            {
                Continuations = [.. sequence.Continuations
                    .Where(it => sequence.Ids.Length + visualTokens + it.Prompt.Length + it.Answer.Length <= maxPositions).Select(At)],
            })
            .Where(sequence => sequence.Continuations.Count > 0);
        return new GatePrompts([.. sequences], visualTokens > 0);
    }

    private static GateSequence OfPicture(LlamaTextTokenizer tokenizer, string caption, int index, string suffix)
    {
        GateContinuation Ask(string question, string answer, bool isYesNo) =>
            new([.. tokenizer.Encode(VicunaPrompt.AfterPicture(question))], 1, [.. tokenizer.Encode(answer)], isYesNo, 0);

        var asked = Enumerable.Range(index, GateSet.YesNoPerPicture)
            .Select(i => GateSet.YesNo[i % GateSet.YesNo.Count])
            .Select(question => Ask(suffix.Length == 0 ? question : $"{question}\n{suffix}", "", isYesNo: true));
        return new GateSequence(
            [tokenizer.BeginId, .. tokenizer.Encode(VicunaPrompt.BeforePicture)],
            index,
            [Ask(GateSet.Describe, caption, isYesNo: false), .. asked]);
    }

    private static GateSequence OfText(int[] ids, int maxPositions)
    {
        var length = Math.Min(Math.Min(ids.Length, TextTokens), maxPositions);
        var (context, prompt) = (length * 2 / 5, length / 5);
        return new GateSequence(
            ids[..context], null, [new GateContinuation(ids[context..(context + prompt)], prompt, ids[(context + prompt)..length], IsYesNo: false, 0)]);
    }
}
