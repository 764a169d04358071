using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Questions.AnswerTypes;
using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Deploy.Configuration;

/// <summary>Validates every question against the model that is to answer it: whether it fits into the context, and whether
/// the model can tell its choices apart. Reads the model's manifest and tokenizer alone, and opens no session.</summary>
internal sealed class ContextValidator
{
    private const string Model = $"{EdgeOptions.Section}:{nameof(EdgeOptions.Model)}";
    private const string ModelPath = $"{Model}:{nameof(ModelOptions.Path)}";
    private const string ContextTokens = $"{Model}:{nameof(ModelOptions.ContextTokens)}";

    private readonly ErrorList _faults;
    private readonly QuestionTokenCounter _counter;
    private readonly int _contextTokens;

    private ContextValidator(QuestionTokenCounter counter, int contextTokens, ErrorList faults) =>
        (_counter, _contextTokens, _faults) = (counter, contextTokens, faults);

    /// <summary>Reads what is needed of the model.</summary>
    /// <param name="options">Bound; what has a fault already holds its default.</param>
    /// <param name="folder">Relative paths begin here.</param>
    /// <param name="faults">Gets what is found. A model that cannot be read is a warning: a start refuses it by itself and
    /// says more.</param>
    /// <returns>Null when there is no such model, or none that questions could be asked.</returns>
    public static QuestionTokenCounter? OpenModel(EdgeOptions options, string folder, ErrorList faults)
    {
        if (options.Model.Path is not { } path || faults.Has(ModelPath) || faults.Has(ContextTokens))
        {
            return null;
        }

        QuestionTokenCounter counter;
        try
        {
            counter = QuestionTokenCounter.Open(Path.GetFullPath(path, folder));
        }
        catch (ModelFolderException fault)
        {
            faults.Warn(ModelPath, path, $"cannot be used, so it is not known whether the questions fit its context. {fault.Message}");
            return null;
        }

        if (counter.VisualTokens == 0)
        {
            faults.Add(ModelPath, path, "is a text-only model, which cannot process frames; import a MobileVLM checkpoint");
            return null;
        }

        if (options.Model.ContextTokens > counter.MaxPositions && faults.IsWritten(ContextTokens))
        {
            faults.Warn(
                ContextTokens,
                ScalarText.Format(options.Model.ContextTokens),
                $"is more than the model was made for; {counter.MaxPositions} are used");
        }

        return counter;
    }

    /// <param name="options">Bound; what has a fault already holds its default.</param>
    /// <param name="counter">Of the model.</param>
    /// <param name="faults">Gets what is found.</param>
    public static void Validate(EdgeOptions options, QuestionTokenCounter counter, ErrorList faults)
    {
        var validator = new ContextValidator(counter, options.Model.ContextTokens, faults);
        foreach (var (camera, watched) in options.Cameras)
        {
            foreach (var (question, asked) in watched.Questions)
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
            ValidateAsked(key, asked);
        }

        foreach (var (name, field) in asked.Fields)
        {
            ValidateAsked($"{key}:{nameof(QuestionOptions.Fields)}:{name}", field);
        }
    }

    private void ValidateAsked(string key, IAnswerOptions asked)
    {
        var choices = $"{key}:{nameof(QuestionOptions.Choices)}";
        if (asked is not { Ask: { } ask, Answer: { } answer and not QuestionKind.Json }
            || _faults.Has($"{key}:{nameof(QuestionOptions.MaxTokens)}"))
        {
            // Already reported.
            return;
        }

        try
        {
            ValidateTokens(key, choices, AnswerHandler.Of(answer).ToEngine(ask, asked.Choices, asked.MaxTokens));
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
            _faults.Add(choices, null, $"holds '{first}' and '{second}', which are the same tokens to this model; rename one of them");
            return;
        }

        var needed = _counter.Count(question);
        if (needed > Math.Min(_contextTokens, _counter.MaxPositions))
        {
            var limit = _contextTokens <= _counter.MaxPositions ? "" : $" The model itself has room for {_counter.MaxPositions}.";
            _faults.Add(
                $"{key}:{nameof(QuestionOptions.Ask)}",
                null,
                $"needs {needed} tokens with the prompt, the frame and its answer; Model:ContextTokens is {_contextTokens}.{limit}");
        }
    }
}
