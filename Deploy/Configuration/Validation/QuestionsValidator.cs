using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Questions.AnswerTypes;
using MobileVlm.Edge.Deploy.Configuration.Binding;
using MobileVlm.Edge.Deploy.Configuration.Options;

namespace MobileVlm.Edge.Deploy.Configuration.Validation;

/// <summary>Validates the rules between the properties of a question, and between questions.</summary>
internal sealed class QuestionsValidator(EdgeOptions options, bool modelIsKnown, ProblemList problems)
{
    private const string Cameras = $"{EdgeOptions.Section}:{nameof(EdgeOptions.Cameras)}";
    private const string Context = $"{EdgeOptions.Section}:{nameof(EdgeOptions.Model)}:{nameof(ModelOptions.ContextTokens)}";

    /// <summary>The number of context tokens that a frame needs; the prompt and the question are extra.</summary>
    private const int FrameTokens = 144;

    /// <summary>Adds an error for each broken rule.</summary>
    /// <param name="options">Bound options; a key that already has an error holds its default.</param>
    /// <param name="modelIsKnown">Whether <see cref="ContextValidator"/> counts the tokens exactly; if not, an answer that cannot fit
    /// with any published model is an error here.</param>
    /// <param name="problems">Receives the problems.</param>
    public static void Validate(EdgeOptions options, bool modelIsKnown, ProblemList problems) =>
        new QuestionsValidator(options, modelIsKnown, problems).Validate();

    private void Validate()
    {
        foreach (var (camera, question, asked) in options.Cameras.SelectMany(
            camera => camera.Value.Questions.Select(question => (camera.Key, question.Key, question.Value))))
        {
            var key = $"{Cameras}:{camera}:{nameof(CameraOptions.Questions)}:{question}";
            ValidateAnswer(key, asked);
            ValidateFields(key, asked);
            ValidateRules(key, asked);
            ValidateTaught(key, asked);
            ValidateNight(key, asked);
            ValidateCondition($"{key}:{nameof(QuestionOptions.When)}", camera, asked.When);
            ValidateCondition($"{key}:{nameof(QuestionOptions.Night)}:{nameof(NightOptions.When)}", camera, asked.Night.When);
            if (FindCycle(camera, question) is { } cycle)
            {
                Refuse(
                    true, $"{key}:{nameof(QuestionOptions.When)}", $"waits for itself ({cycle}), so it would never be asked; ask one of them always");
            }
        }
    }

    private void ValidateAnswer(string key, IAnswerOptions asked)
    {
        var available = options.Model.ContextTokens - FrameTokens;
        if (!modelIsKnown && asked.Answer is { } answer && AnswerHandler.Of(answer).IsWritten && asked.MaxTokens >= available && !problems.Has(Context))
        {
            problems.Add(
                $"{key}:{nameof(QuestionOptions.MaxTokens)}",
                ScalarText.Format(asked.MaxTokens),
                $"does not fit after a frame ({FrameTokens} tokens) into {Context} = "
                + $"{options.Model.ContextTokens}; less than {available} would be accepted");
        }

        // An error of the list itself is already reported.
        var choices = $"{key}:{nameof(QuestionOptions.Choices)}";
        var isChoice = asked.Answer == QuestionKind.Choice;
        if (!problems.HasWithin(choices))
        {
            Refuse(isChoice && asked.Choices.Count < 2, choices, "names less than two choices; two or more would be accepted");
            Refuse(
                asked.Choices.Select(choice => choice.Trim()).Distinct(StringComparer.OrdinalIgnoreCase).Count() < asked.Choices.Count,
                choices,
                "names a choice twice; name each once");
        }

        Refuse(
            isChoice && asked.Choices.Exists(choice => choice.Trim().Equals(AnswerWords.Unknown, StringComparison.OrdinalIgnoreCase)),
            choices,
            $"holds '{AnswerWords.Unknown}', which is the name of an unknown state; rename that choice");
        Refuse(asked.Answer is not null && !isChoice && asked.Choices.Count > 0, choices, "counts for Answer = 'Choice' only; leave it out");
        if (asked.Answer is not (null or QuestionKind.Number))
        {
            const string Remedy = "counts for Answer = 'Number' only; leave it out";
            Refuse(asked.Min is not null, $"{key}:{nameof(QuestionOptions.Min)}", Remedy);
            Refuse(asked.Max is not null, $"{key}:{nameof(QuestionOptions.Max)}", Remedy);
            Refuse(asked.Unit is not null, $"{key}:{nameof(QuestionOptions.Unit)}", Remedy);
        }

        Refuse(asked.Min > asked.Max, $"{key}:{nameof(QuestionOptions.Min)}", $"is more than Max = {asked.Max}; at most that would be accepted");
    }

    private void ValidateFields(string key, QuestionOptions asked)
    {
        var fields = $"{key}:{nameof(QuestionOptions.Fields)}";
        var isJson = asked.Answer == QuestionKind.Json;
        Refuse(isJson && asked.Fields.Count == 0 && !problems.Has(fields), fields, "names no field; one or more would be accepted");
        Refuse(
            asked.Answer is not null && !isJson && asked.Fields.Count > 0, fields, "counts for Answer = 'Json' only; leave it out");
        foreach (var (name, field) in asked.Fields)
        {
            ValidateAnswer($"{fields}:{name}", field);
            Refuse(
                field.Answer == QuestionKind.Json,
                $"{fields}:{name}:{nameof(FieldOptions.Answer)}",
                "cannot be 'Json' inside of an object; YesNo, Choice, Number or Text would be accepted");
        }
    }

    private void ValidateRules(string key, QuestionOptions asked)
    {
        Refuse(
            asked.NoBelow > asked.YesAbove,
            $"{key}:{nameof(QuestionOptions.NoBelow)}",
            $"is more than YesAbove = {ScalarText.Format(asked.YesAbove)}; at most that would be accepted");
        Refuse(
            asked.OutOf < asked.Agree,
            $"{key}:{nameof(QuestionOptions.OutOf)}",
            $"is less than Agree = {asked.Agree}; at least that would be accepted");
        Refuse(
            asked.OutOf >= asked.Agree * 2,
            $"{key}:{nameof(QuestionOptions.Agree)}",
            $"is not more than half of OutOf = {asked.OutOf}, so two values could agree at once; {(asked.OutOf / 2) + 1} or more would be accepted");
        Refuse(
            asked.UnknownAfter <= asked.Every,
            $"{key}:{nameof(QuestionOptions.UnknownAfter)}",
            $"is not longer than Every = {asked.Every}, so the state would be unknown between answers; more would be accepted");
        if (asked.Answer is not (null or QuestionKind.YesNo))
        {
            Refuse(asked.HoldNoFor is not null, $"{key}:{nameof(QuestionOptions.HoldNoFor)}", "counts for Answer = 'YesNo' only; use HoldFor");
            Refuse(
                asked.Events is EventRule.Yes or EventRule.No,
                $"{key}:{nameof(QuestionOptions.Events)}",
                "is for Answer = 'YesNo' only; 'Changes' or 'Never' would be accepted");
        }
    }

    private void ValidateTaught(string key, QuestionOptions asked)
    {
        var taught = $"{key}:{nameof(QuestionOptions.Taught)}";
        Refuse(
            asked is { Taught: not null, Answer: not (null or QuestionKind.YesNo or QuestionKind.Choice) },
            taught,
            "counts for Answer = 'YesNo' and 'Choice' only; leave it out");
        Refuse(
            asked is { Answerer: not null, Taught: null } && !problems.Has(taught),
            $"{key}:{nameof(QuestionOptions.Answerer)}",
            "counts for a question with Taught only; name the file of 'mobilevlm teach' there, or leave Answerer out");
    }

    private void ValidateNight(string key, QuestionOptions asked)
    {
        var night = $"{key}:{nameof(QuestionOptions.Night)}";
        if (asked.Night.IsEmpty || problems.HasWithin(night))
        {
            return;
        }

        Refuse(
            (asked.Night.When is null) == (asked.Night.Schedule.Count == 0),
            night,
            "needs either When or Schedule, which defines when it is night; one of them would be accepted");
        Refuse(
            (asked.Night.NoBelow ?? asked.NoBelow) > (asked.Night.YesAbove ?? asked.YesAbove),
            $"{night}:{nameof(NightOptions.NoBelow)}",
            $"is more than YesAbove at night, {ScalarText.Format(asked.Night.YesAbove ?? asked.YesAbove)}; at most that would be accepted");
    }

    private void ValidateCondition(string key, string camera, string? condition)
    {
        if (condition is null || problems.Has(key))
        {
            return;
        }

        var when = QuestionCondition.Parse(condition);
        var of = when.Camera ?? camera;
        if (Find(of, when.Question) is null)
        {
            var known = options.Cameras.TryGetValue(of, out var there)
                ? $"questions of '{of}': {string.Join(", ", there.Questions.Keys)}"
                : $"cameras: {string.Join(", ", options.Cameras.Keys)}";
            problems.Add(key, condition, $"names a question that does not exist; {known}");
        }
    }

    /// <summary>Finds a cycle of conditions that leads from this question back to it.</summary>
    /// <returns>The questions of the cycle, in order; null if there is none.</returns>
    private string? FindCycle(string camera, string question)
    {
        var path = new List<string> { $"{camera}/{question}" };
        for (var current = Next(camera, question); current is { } next && path.Count <= 1000; current = Next(next.Camera, next.Question))
        {
            path.Add($"{next.Camera}/{next.Question}");
            if (next == (camera, question))
            {
                return string.Join(" -> ", path);
            }

            if (path.Distinct().Count() < path.Count)
            {
                // A cycle without this question; it is reported for the questions in it.
                return null;
            }
        }

        return null;
    }

    private (string Camera, string Question)? Next(string camera, string question) =>
        Find(camera, question)?.When is { } condition
        && !problems.Has($"{Cameras}:{camera}:{nameof(CameraOptions.Questions)}:{question}:{nameof(QuestionOptions.When)}")
        && QuestionCondition.Parse(condition) is var when
            ? (when.Camera ?? camera, when.Question)
            : null;

    private QuestionOptions? Find(string camera, string question) =>
        options.Cameras.GetValueOrDefault(camera)?.Questions.GetValueOrDefault(question);

    private void Refuse(bool wrong, string key, string message)
    {
        if (wrong)
        {
            problems.Add(key, null, message);
        }
    }
}
