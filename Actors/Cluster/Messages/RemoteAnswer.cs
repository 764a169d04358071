using MobileVlm.Edge.Inference.Answers;

namespace MobileVlm.Edge.Actors.Cluster.Messages;

/// <summary>An answer without its question, which the camera host has.</summary>
internal sealed record RemoteAnswer
{
    public required string Value { get; init; }

    public required string Text { get; init; }

    public double? Score { get; init; }

    public double? Mass { get; init; }

    public IReadOnlyList<double> ChoiceScores { get; init; } = [];

    public IReadOnlyList<int> TokenIds { get; init; } = [];

    public required FinishReason Finish { get; init; }

    public AnswerTimings Timings { get; init; }

    /// <summary>What the model itself adds to the question (<see cref="Question.Suffix"/>).</summary>
    public string? Suffix { get; init; }

    /// <summary>The model's own limit (<see cref="Question.MinMass"/>).</summary>
    public double? MinMass { get; init; }

    /// <summary>Why the question could not be answered; null if it was.</summary>
    public AnswerFailureKind? Failure { get; init; }

    /// <summary>The same for people.</summary>
    public string FailureMessage { get; init; } = "";

    public static RemoteAnswer Of(Answer answer) => new()
    {
        Value = answer.Value,
        Text = answer.Text,
        Score = answer.Score,
        Mass = answer.Mass,
        ChoiceScores = answer.ChoiceScores,
        TokenIds = answer.TokenIds,
        Finish = answer.Finish,
        Timings = answer.Timings,
        Suffix = answer.Question.Suffix,
        MinMass = answer.Question.MinMass,
        Failure = answer.Failure?.Kind,
        FailureMessage = answer.Failure?.Message ?? "",
    };

    /// <summary>The answer to the question that was asked.</summary>
    /// <returns>Null when it cannot be an answer to this question.</returns>
    public Answer? ToAnswer(Question question)
    {
        var asked = question with { Suffix = Suffix, MinMass = MinMass, Draft = [] };
        if (Failure is { } kind)
        {
            return Answer.Failed(asked, kind, new RemoteEngineException(FailureMessage));
        }

        var isPossible = Finish != FinishReason.Failed && question.Kind switch
        {
            AnswerKind.YesNo => Score is not null && Value is "yes" or "no",
            AnswerKind.Choice => ChoiceScores.Count == question.Choices.Count && question.Choices.Contains(Value),
            AnswerKind.Text => true,
            _ => throw new ArgumentOutOfRangeException(nameof(question), question.Kind, "This kind of question has no answer."),
        };
        return isPossible
            ? new Answer(asked, Value, Text, Score, TokenIds, Finish, Timings) { ChoiceScores = ChoiceScores, Mass = Mass }
            : null;
    }
}

/// <summary>What failed on another host.</summary>
internal sealed class RemoteEngineException(string message) : Exception(message);
