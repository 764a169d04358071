using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Text;

namespace MobileVlm.Edge.Inference.Answers;

/// <summary>Counts how many tokens of the context a question takes, exactly as the engine does, without opening a session:
/// from the model's manifest and tokenizer alone. Thread-safe.</summary>
public sealed class QuestionTokenCounter
{
    private readonly LlamaTextTokenizer _tokenizer;
    private readonly ScoringDefaults _scoring;
    private readonly int _before;

    private QuestionTokenCounter(ModelManifest manifest, LlamaTextTokenizer tokenizer)
    {
        (Manifest, _tokenizer) = (manifest, tokenizer);
        _scoring = manifest.Scoring ?? ScoringDefaults.None;
        (VisualTokenCount, MaxPositions) = (manifest.VisualTokens, manifest.Language.MaxPositions);
        _before = PromptIdsBefore(tokenizer).Length + VisualTokenCount;
    }

    /// <summary>The model's manifest.</summary>
    public ModelManifest Manifest { get; }

    /// <summary>Tokens of one frame; 0 for a text-only model, which cannot answer questions about frames.</summary>
    public int VisualTokenCount { get; }

    /// <summary>Longest context that the model was trained for, in tokens.</summary>
    public int MaxPositions { get; }

    /// <summary>Tokens that a scored question takes beside its own text: prompt, frame and the model's instruction.</summary>
    public int TokensBesideQuestion => (int)Count(new Question("", AnswerKind.YesNo));

    /// <param name="modelFolder">An imported model.</param>
    /// <exception cref="ModelFolderException">The manifest or the tokenizer is missing or cannot be read.</exception>
    public static QuestionTokenCounter Open(string modelFolder)
    {
        try
        {
            var folder = ModelFolder.OpenUnchecked(modelFolder);
            return new QuestionTokenCounter(folder.Manifest, LlamaTextTokenizer.Open(folder));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new ModelFolderException(modelFolder, $"it cannot be read: {fault.Message}", fault);
        }
    }

    /// <summary>The tokens that a context must have for this question: prompt, frame, question, and the longest answer that
    /// it may get. With one token fewer the question is rejected or its longest answer is cut off.</summary>
    /// <exception cref="ArgumentException">A choice is between fewer than two different texts.</exception>
    public long Count(Question question) =>
        _before
        + _tokenizer.Encode(VicunaPrompt.AfterPicture(question.WithDefaults(_scoring).PromptText)).Count
        + (question.Kind == AnswerKind.Choice ? new ChoiceSpellings(_tokenizer, question.Choices).AppendedTokenCount : 0)
        + QuestionBatchRun.AnswerTokens(question);

    /// <summary>Finds two choices that this model encodes as the same tokens, so that it cannot decide between them; null when there
    /// are none.</summary>
    /// <exception cref="ArgumentException">A choice is between fewer than two different texts.</exception>
    public (string First, string Second)? FindSameChoices(IReadOnlyList<string> choices)
    {
        var seen = new Dictionary<string, int>();
        foreach (var (choice, ids) in new ChoiceSpellings(_tokenizer, choices).Spellings)
        {
            var key = string.Join(',', ids);
            if (!seen.TryAdd(key, choice) && seen[key] != choice)
            {
                return (choices[seen[key]], choices[choice]);
            }
        }

        return null;
    }

    /// <summary>Ids before the frame, the same for every question.</summary>
    internal static int[] PromptIdsBefore(LlamaTextTokenizer tokenizer) =>
        [tokenizer.BeginId, .. tokenizer.Encode(VicunaPrompt.BeforePicture)];
}
