using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Questions.AnswerTypes;
using MobileVlm.Edge.Deploy.Configuration.Binding;
using MobileVlm.Edge.Deploy.Configuration.Options;
using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Deploy.Configuration.Validation;

/// <summary>Validates every question against the model that will answer it: whether it fits into the context, and whether
/// the model can distinguish its choices. Reads only the model's manifest and tokenizer, and opens no session.</summary>
internal sealed class ContextValidator
{
    private const string Model = $"{EdgeOptions.Section}:{nameof(EdgeOptions.Model)}";
    private const string ModelPath = $"{Model}:{nameof(ModelOptions.Path)}";
    private const string ContextTokens = $"{Model}:{nameof(ModelOptions.ContextTokens)}";

    private readonly ProblemList _problems;
    private readonly QuestionTokenCounter _counter;
    private readonly int _contextTokens;

    private ContextValidator(QuestionTokenCounter counter, int contextTokens, ProblemList problems) =>
        (_counter, _contextTokens, _problems) = (counter, contextTokens, problems);

    /// <summary>Opens the model's manifest and tokenizer.</summary>
    /// <param name="options">Bound options; a key that already has an error holds its default.</param>
    /// <param name="folder">The folder in which relative paths start.</param>
    /// <param name="problems">Receives problems and warnings. A model that cannot be read is a warning, because a start refuses it and
    /// reports more.</param>
    /// <returns>Null if the model cannot be read, or cannot answer questions about frames.</returns>
    public static QuestionTokenCounter? OpenTokenCounter(EdgeOptions options, string folder, ProblemList problems)
    {
        if (options.Model.Path is not { } path || problems.Has(ModelPath) || problems.Has(ContextTokens))
        {
            return null;
        }

        QuestionTokenCounter counter;
        try
        {
            counter = QuestionTokenCounter.Open(Path.GetFullPath(path, folder));
        }
        catch (ModelFolderException exception)
        {
            if (options.Model.Pull is { } id && !File.Exists(Path.Combine(Path.GetFullPath(path, folder), ModelManifest.FileName)))
            {
                problems.Warn(ModelPath, path, $"has no model yet; the service will pull {id} at its start. Whether the questions fit its context is checked then");
                return null;
            }

            problems.Warn(ModelPath, path, $"cannot be used, so it is not known whether the questions fit its context. {exception.Message}");
            return null;
        }

        if (counter.VisualTokenCount == 0 && (options.Cameras.Count > 0 || options.Http.Listen is null || ClusterValidator.IsOn(options)))
        {
            problems.Add(ModelPath, path, "is a text-only model, which cannot process frames; import a MobileVLM checkpoint");
            return null;
        }

        if (options.Model.ContextTokens > counter.MaxPositions && problems.IsWritten(ContextTokens))
        {
            problems.Warn(
                ContextTokens,
                ScalarText.Format(options.Model.ContextTokens),
                $"is more than the model was made for; {counter.MaxPositions} are used; lower it to that");
        }

        return counter;
    }

    /// <summary>Adds an error for each question that does not fit the model.</summary>
    /// <param name="options">Bound options; a key that already has an error holds its default.</param>
    /// <param name="counter">The model's token counter.</param>
    /// <param name="problems">Receives the problems.</param>
    public static void Validate(EdgeOptions options, QuestionTokenCounter counter, ProblemList problems)
    {
        var validator = new ContextValidator(counter, options.Model.ContextTokens, problems);
        foreach (var (camera, cameraOptions) in options.Cameras)
        {
            foreach (var (question, asked) in cameraOptions.Questions)
            {
                validator.Validate($"{EdgeOptions.Section}:{nameof(EdgeOptions.Cameras)}:{camera}:{nameof(CameraOptions.Questions)}:{question}", asked);
            }
        }
    }

    private void Validate(string key, QuestionOptions asked)
    {
        if (asked.Answer != QuestionKind.Json)
        {
            // The question of an object is not asked itself; its fields are.
            ValidateAsked(key, asked, asked.Suffix);
        }

        foreach (var (name, field) in asked.Fields)
        {
            ValidateAsked($"{key}:{nameof(QuestionOptions.Fields)}:{name}", field, asked.Suffix);
        }
    }

    private void ValidateAsked(string key, IAnswerOptions asked, string? suffix)
    {
        var choices = $"{key}:{nameof(QuestionOptions.Choices)}";
        if (asked is not { Ask: { } ask, Answer: { } answer and not QuestionKind.Json }
            || _problems.Has($"{key}:{nameof(QuestionOptions.MaxTokens)}"))
        {
            // Already reported.
            return;
        }

        try
        {
            ValidateTokens(key, choices, AnswerHandler.Of(answer).ToModelQuestion(ask, asked.Choices, asked.MaxTokens) with { Suffix = suffix });
        }
        catch (ArgumentException)
        {
            // Fewer than two different choices: already reported.
            return;
        }
    }

    private void ValidateTokens(string key, string choices, Question question)
    {
        if (question.Kind == AnswerKind.Choice && _counter.FindSameChoices(question.Choices) is var (first, second))
        {
            _problems.Add(choices, null, $"holds '{first}' and '{second}', which are the same tokens to this model; rename one of them");
            return;
        }

        var needed = _counter.Count(question);
        if (needed > Math.Min(_contextTokens, _counter.MaxPositions))
        {
            var limit = _contextTokens > _counter.MaxPositions ? $" The model itself has {_counter.MaxPositions} positions." : "";
            var remedy = _contextTokens < _counter.MaxPositions ? "Shorten the question, or raise Model:ContextTokens." : "Shorten the question.";
            _problems.Add(
                $"{key}:{nameof(QuestionOptions.Ask)}",
                null,
                $"needs {needed} tokens with the prompt, the frame and its answer; Model:ContextTokens is {_contextTokens}.{limit} {remedy}");
        }
    }
}
