using MobileVlm.Edge.Inference.Decoding;
using MobileVlm.Edge.Inference.Sampling;

namespace MobileVlm.Edge.Inference.Answers;

/// <summary>One text while it is generated: its place in the decoder's state, its sampler, and what was generated so
/// far.</summary>
/// <param name="sequence">The sequence of the decoder's state that the text extends.</param>
/// <param name="maxTokens">Maximum number of tokens, the end token included.</param>
/// <param name="buffer">Takes the tokens, with the same limit.</param>
/// <param name="sampler">Chooses each token.</param>
/// <param name="drafter">Proposes the next tokens; null for a text without drafts.</param>
internal sealed class GeneratedSequence(
    int sequence, int maxTokens, GenerationBuffer buffer, Sampler sampler, PromptLookupDrafter? drafter = null)
{
    public int Sequence => sequence;

    public GenerationBuffer Buffer => buffer;

    /// <summary>Tokens of the text that are not generated yet, if it becomes as long as it may.</summary>
    public long Remaining => (long)maxTokens - buffer.Ids.Count;

    /// <summary>Index of the text's first row among the logits of the last pass.</summary>
    public int FirstLogitRow { get; set; }

    /// <summary>Draft tokens that were appended in the last pass, which the model has yet to confirm.</summary>
    public int[] Draft { get; private set; } = [];

    /// <summary>Rows of logits that the next pass returns for this text: one after its last token and one after each draft
    /// token.</summary>
    public int LogitRowCount => Draft.Length + 1;

    /// <summary>Takes the next draft.</summary>
    /// <param name="spare">Columns of the cache that no text needs.</param>
    public void ProposeDraft(long spare)
    {
        var ids = drafter is null ? [] : drafter.Next(buffer.Ids);
        Draft = ids[..(int)Math.Clamp(Math.Min(spare, Remaining - 1), 0, ids.Length)].ToArray();
    }

    /// <summary>Takes the tokens that the model chooses after the last pass: the confirmed part of the draft and one more.
    /// Removes the rejected part from the state.</summary>
    /// <returns>Why the text ends, or null.</returns>
    public FinishReason? Accept(DecoderState state)
    {
        for (var accepted = 0; ; accepted++)
        {
            var id = sampler.Choose(state.Logits(FirstLogitRow + accepted));
            if (buffer.Push(id) is { } finish)
            {
                return finish;
            }

            if (accepted == Draft.Length || id != Draft[accepted])
            {
                state.Drop(sequence, Draft.Length - accepted);
                drafter?.Accept(Draft.Length, accepted, id);
                return null;
            }
        }
    }
}

/// <summary>Generates one or several texts token by token, all of them in the same passes through the decoder.</summary>
internal static class GenerationLoop
{
    /// <summary>Runs until each text has ended: by its end token, a stop sequence or its token limit; because
    /// <paramref name="cancel"/> was requested; or because the context is full.</summary>
    /// <param name="state">Its last pass holds the logits that the first tokens are chosen from.</param>
    /// <param name="texts">Each with its <see cref="GeneratedSequence.FirstLogitRow"/> in that pass.</param>
    /// <param name="onEnd">Receives the index of each text when it has ended.</param>
    /// <param name="cancel">Ends all texts after the pass in progress.</param>
    /// <exception cref="NonFiniteLogitsException">One of the texts gives NaN or infinity.</exception>
    public static void Run(
        DecoderState state, IReadOnlyList<GeneratedSequence> texts, Action<int, GeneratedText> onEnd, CancellationToken cancel)
    {
        var active = texts.Index().ToList();
        var parts = new List<SequenceTokens>(active.Count);
        while (true)
        {
            active.RemoveAll(text => HasEnded(state, text.Index, text.Item, onEnd, cancel));
            if (active.Count == 0)
            {
                return;
            }

            parts.Clear();
            var row = 0;
            var spare = state.Capacity - state.Length - active.Sum(text => text.Item.Remaining);
            foreach (var (_, text) in active)
            {
                text.ProposeDraft(spare);
                spare -= text.Draft.Length;
                text.FirstLogitRow = row;
                row += text.LogitRowCount;
                parts.Add(new SequenceTokens(text.Sequence, (int[])[text.Buffer.Ids[^1], .. text.Draft], text.LogitRowCount));
            }

            state.Append(parts, useDecodeWeights: true);
        }
    }

    private static bool HasEnded(
        DecoderState state, int index, GeneratedSequence text, Action<int, GeneratedText> onEnd, CancellationToken cancel)
    {
        var finish = text.Accept(state)
            ?? (cancel.IsCancellationRequested ? FinishReason.Cancelled
                : state.Length >= state.Capacity ? FinishReason.Length
                : null);
        if (finish is not { } reason)
        {
            return false;
        }

        onEnd(index, text.Buffer.End(reason));
        return true;
    }
}
