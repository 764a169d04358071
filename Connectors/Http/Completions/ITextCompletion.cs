using MobileVlm.Edge.Connectors.Http.Server;

namespace MobileVlm.Edge.Connectors.Http.Completions;

/// <summary>Completes texts and conversations with the model. The server calls one of the asynchronous members at a time,
/// when <see cref="Ready"/> has completed. Thread-safe.</summary>
public interface ITextCompletion
{
    /// <summary>Available from the start, before the model is loaded.</summary>
    ModelDescription Model { get; }

    /// <summary>Why no text is completed here, whatever is asked; null where there is a model.</summary>
    HttpFailureException? Refusal => null;

    /// <summary>Completes when the model is loaded and has passed its self-test.</summary>
    Task Ready { get; }

    /// <summary>Ids of a text. Special tokens that are written in it (<c>&lt;s&gt;</c>, <c>&lt;/s&gt;</c>) are those tokens.</summary>
    IReadOnlyList<int> Tokenize(string text);

    /// <summary>The text of ids, special tokens as they are written.</summary>
    string Detokenize(IReadOnlyList<int> ids);

    /// <summary>The text of one token, with its space; bytes that are not a whole character as <c>bytes:\xE2</c>.</summary>
    string TokenText(int id);

    /// <summary>Ids before and after the picture in the prompt of a question about a picture.</summary>
    (IReadOnlyList<int> Before, IReadOnlyList<int> After) PromptIds(string question);

    /// <summary>Answers a conversation.</summary>
    /// <param name="request">The conversation.</param>
    /// <param name="onText">Called with each piece of the answer, on any thread; returns at once.</param>
    /// <param name="cancel">The client left or the service stops.</param>
    /// <exception cref="HttpFailureException">The conversation cannot be answered.</exception>
    Task<CompletedText> ChatAsync(ChatRequest request, Action<string> onText, CancellationToken cancel);

    /// <summary>Answers several short questions about the same conversation and picture, together.</summary>
    /// <param name="request">The conversation; its last user text is replaced by each question.</param>
    /// <param name="questions">The questions.</param>
    /// <param name="cancel">The client left or the service stops.</param>
    /// <returns>The answers in the order of the questions.</returns>
    /// <exception cref="HttpFailureException">The conversation cannot be answered.</exception>
    Task<FieldAnswers> FillAsync(ChatRequest request, IReadOnlyList<FieldQuestion> questions, CancellationToken cancel);

    /// <summary>Continues a text, and reports the probabilities of its tokens.</summary>
    /// <param name="request">The text.</param>
    /// <param name="onText">Called with each piece of the continuation, on any thread; returns at once.</param>
    /// <param name="cancel">The client left or the service stops.</param>
    /// <exception cref="HttpFailureException">The text cannot be continued.</exception>
    Task<CompletedText> CompleteAsync(CompletionRequest request, Action<string> onText, CancellationToken cancel);
}

/// <summary>What the server reports about the model.</summary>
public sealed record ModelDescription
{
    /// <summary>The name in the model's manifest, which MQTT carries too.</summary>
    public required string Id { get; init; }

    /// <summary>Other names that clients may use.</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];

    /// <summary>Most tokens of a prompt with its answer.</summary>
    public required int ContextTokens { get; init; }

    /// <summary>This host has no model, and others of its cluster answer questions about pictures: its tokens are not known here.</summary>
    public bool IsElsewhere { get; init; }

    /// <summary>Tokens of one picture; 0 for a text-only model.</summary>
    public required int PictureTokens { get; init; }

    /// <summary>Token ids are below this.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>Id of the token before a text.</summary>
    public required int BeginId { get; init; }

    /// <summary>Id of the token after an answer.</summary>
    public required int EndId { get; init; }

    /// <summary>Bytes of the model's files.</summary>
    public long Bytes { get; init; }

    /// <summary>When the model was imported.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>64 hexadecimal digits that differ between models.</summary>
    public string Digest { get; init; } = new('0', 64);

    /// <summary>The precision of the decoder's weights, such as <c>int4-b32</c>.</summary>
    public string Precision { get; init; } = "";

    /// <summary>Number of parameters, as people write it (<c>1.4B</c>); empty when it is not known.</summary>
    public string ParameterSize { get; init; } = "";

    /// <summary>License of the model; null when the checkpoint declares none.</summary>
    public string? License { get; init; }

    /// <summary>The model can process pictures.</summary>
    public bool HasVision => IsElsewhere || PictureTokens > 0;

    /// <summary>Whether a client means this model. <c>:latest</c> and letter case do not count.</summary>
    public bool IsNamed(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        const string Latest = ":latest";
        var plain = name.EndsWith(Latest, StringComparison.OrdinalIgnoreCase) ? name[..^Latest.Length] : name;
        return plain.Equals(Id, StringComparison.OrdinalIgnoreCase) || Aliases.Contains(plain, StringComparer.OrdinalIgnoreCase);
    }
}

/// <summary>How tokens are chosen and where the text ends.</summary>
public sealed record SamplingSettings
{
    /// <summary>Most tokens; null for the server's default.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>0 always takes the most likely token.</summary>
    public double Temperature { get; init; }

    /// <summary>Above 0, at most 1.</summary>
    public double TopP { get; init; } = 1;

    /// <summary>The same seed draws the same tokens; null draws others each time.</summary>
    public int? Seed { get; init; }

    /// <summary>The text ends before the first of these.</summary>
    public IReadOnlyList<string> Stops { get; init; } = [];

    /// <summary>How many of the most likely tokens are reported for each token, with their probabilities; null reports
    /// none.</summary>
    public int? TopLogProbabilities { get; init; }
}

/// <summary>One exchange of a conversation.</summary>
/// <param name="User">The text of the user.</param>
/// <param name="Assistant">The answer; null in the last turn, unless that is to be continued.</param>
public sealed record ChatTurn(string User, string? Assistant);

/// <summary>A conversation to answer.</summary>
public sealed record ChatRequest
{
    /// <summary>Replaces the model's own system prompt; null keeps that.</summary>
    public string? System { get; init; }

    /// <summary>At least one, oldest first.</summary>
    public required IReadOnlyList<ChatTurn> Turns { get; init; }

    /// <summary>The picture file; null for a conversation without one.</summary>
    public ReadOnlyMemory<byte>? Picture { get; init; }

    /// <summary>The turn that the picture belongs to.</summary>
    public int PictureTurn { get; init; }

    /// <summary>How the answer is made.</summary>
    public SamplingSettings Sampling { get; init; } = new();
}

/// <summary>A text to continue.</summary>
/// <param name="Prompt">Token ids, as they are; none is added.</param>
/// <param name="IsBeginHidden">A begin token is put before the ids and not reported.</param>
/// <param name="ScoresPrompt">Reports the prompt's tokens with their probabilities too.</param>
/// <param name="Sampling">How the continuation is made; 0 tokens only score the prompt.</param>
public sealed record CompletionRequest(IReadOnlyList<int> Prompt, bool IsBeginHidden, bool ScoresPrompt, SamplingSettings Sampling);

/// <summary>A token with its probability.</summary>
/// <param name="Id">The token.</param>
/// <param name="LogProbability">Natural logarithm; null for the first token of a prompt, which nothing precedes.</param>
/// <param name="Top">The most likely tokens at this place, the most likely first.</param>
public sealed record TokenProbability(int Id, float? LogProbability, IReadOnlyList<(int Id, float LogProbability)> Top);

/// <summary>A finished text.</summary>
public sealed record CompletedText
{
    /// <summary>The generated text, without a stop text.</summary>
    public required string Text { get; init; }

    /// <summary>The text ended at a limit of tokens, not by itself.</summary>
    public required bool IsCutOff { get; init; }

    /// <summary>Tokens of the prompt, those of a picture included.</summary>
    public required int PromptTokens { get; init; }

    /// <summary>Tokens of the picture among them.</summary>
    public int PictureTokens { get; init; }

    /// <summary>Generated tokens.</summary>
    public required int GeneratedTokens { get; init; }

    /// <summary>Turns at the beginning that did not fit and were left out.</summary>
    public int DroppedTurns { get; init; }

    /// <summary>The prompt's tokens, where they were requested.</summary>
    public IReadOnlyList<TokenProbability> Prompt { get; init; } = [];

    /// <summary>The generated tokens, where probabilities were requested.</summary>
    public IReadOnlyList<TokenProbability> Generated { get; init; } = [];

    /// <summary>Encoding the picture.</summary>
    public TimeSpan EncodeTime { get; init; }

    /// <summary>The prompt through the decoder.</summary>
    public TimeSpan PromptTime { get; init; }

    /// <summary>Generating.</summary>
    public TimeSpan GenerateTime { get; init; }
}

/// <summary>The form of the answer to a <see cref="FieldQuestion"/>.</summary>
public enum FieldKind
{
    /// <summary><c>true</c> or <c>false</c>, scored.</summary>
    Boolean,

    /// <summary>One of <see cref="FieldQuestion.Choices"/>, scored.</summary>
    Choice,

    /// <summary>Written text.</summary>
    Text,
}

/// <summary>One value that the model fills in.</summary>
/// <param name="Text">The question.</param>
/// <param name="Kind">The form of the answer.</param>
/// <param name="Choices">At least two for <see cref="FieldKind.Choice"/>, otherwise none.</param>
/// <param name="MaxTokens">Most tokens of written text.</param>
public sealed record FieldQuestion(string Text, FieldKind Kind, IReadOnlyList<string> Choices, int MaxTokens);

/// <summary>The answers to several <see cref="FieldQuestion"/>s.</summary>
/// <param name="Values"><c>true</c>, <c>false</c>, a choice or the text, in the order of the questions.</param>
/// <param name="PromptTokens">Tokens of the prompt and the questions.</param>
/// <param name="PictureTokens">Tokens of the picture among them.</param>
/// <param name="GeneratedTokens">Tokens of written answers.</param>
public sealed record FieldAnswers(IReadOnlyList<string> Values, int PromptTokens, int PictureTokens, int GeneratedTokens);
