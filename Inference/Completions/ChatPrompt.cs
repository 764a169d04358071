using MobileVlm.Edge.Inference.Text;

namespace MobileVlm.Edge.Inference.Completions;

/// <summary>One exchange of a conversation.</summary>
/// <param name="User">The text of the user.</param>
/// <param name="Assistant">The answer; null in the last turn, unless the answer is to be continued.</param>
public sealed record ConversationTurn(string User, string? Assistant);

/// <summary>The tokens of a conversation as the models were trained on it (<see cref="VicunaPrompt"/>): a system text, then
/// <c>USER: question ASSISTANT: answer&lt;/s&gt;</c> for each turn. The picture stands before the text of its turn.</summary>
/// <param name="Before">Ids before the picture; all but the last turn if there is none.</param>
/// <param name="After">Ids after the picture; the last turn if there is none.</param>
public sealed record ChatPrompt(IReadOnlyList<int> Before, IReadOnlyList<int> After)
{
    /// <summary>The system text that the models were trained with.</summary>
    private static readonly string DefaultSystem = VicunaPrompt.BeforePicture[..VicunaPrompt.BeforePicture.LastIndexOf(" USER:", StringComparison.Ordinal)];

    /// <summary>Number of ids, without those of a picture.</summary>
    public int Length => Before.Count + After.Count;

    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="system">The system text; null for the model's own.</param>
    /// <param name="turns">At least one, oldest first.</param>
    /// <param name="pictureTurn">The turn of the picture; null if there is none.</param>
    public static ChatPrompt Build(
        LlamaTextTokenizer tokenizer, string? system, IReadOnlyList<ConversationTurn> turns, int? pictureTurn)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(turns);
        var before = new List<int> { tokenizer.BeginId };
        var after = new List<int>();
        var text = system ?? DefaultSystem;
        var last = turns.Count - 1;
        var split = pictureTurn ?? last;
        for (var i = 0; i <= last; i++)
        {
            var turn = turns[i];
            var ids = i < split || (i == split && pictureTurn is null) ? before : after;
            var isLast = i == last;
            if (i == split && pictureTurn is not null)
            {
                // Each text around the picture is encoded by itself.
                before.AddRange(tokenizer.Encode(text.Length > 0 ? $"{text} USER: " : "USER: "));
                AddEnd($"\n{turn.User} ASSISTANT:");
            }
            else if (i == last && pictureTurn is null)
            {
                before.AddRange(tokenizer.Encode(text));
                ids = after;
                AddEnd($"USER: {turn.User} ASSISTANT:");
            }
            else
            {
                AddEnd(text.Length > 0 ? $"{text} USER: {turn.User} ASSISTANT:" : $"USER: {turn.User} ASSISTANT:");
            }

            text = "";

            void AddEnd(string asked)
            {
                ids.AddRange(tokenizer.Encode(turn.Assistant is { } answer ? $"{asked} {answer}" : asked));
                if (turn.Assistant is not null && !isLast)
                {
                    ids.Add(tokenizer.EndId);
                }
            }
        }

        return new ChatPrompt(before, after);
    }
}
