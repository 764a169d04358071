using System.Globalization;
using MobileVlm.Edge.Actors.Http;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Connectors.Http.Past;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;

namespace MobileVlm.Edge.Actors.Past;

/// <summary>Turns wordings into questions with rules.</summary>
internal static class TryOutQuestions
{
    /// <summary>The question of a wording.</summary>
    /// <param name="wording">The wording.</param>
    /// <param name="number">Its number, from 0.</param>
    /// <param name="standing">The standing question that it starts from; null for none.</param>
    /// <param name="span">The time that is asked about.</param>
    /// <param name="maxTokens">Most tokens of a written answer of a question of its own.</param>
    /// <exception cref="Connectors.Http.Server.HttpFailureException">A region is not a polygon, or thresholds do not go together.</exception>
    public static StandingQuestion Of(TryOutWording wording, int number, StandingQuestion? standing, TimeSpan span, int maxTokens)
    {
        var own = standing ?? new StandingQuestion("", "", QuestionKind.YesNo, TimeSpan.Zero, maxTokens);
        var rules = own.Rules;
        var tried = wording.Rules;
        return own with
        {
            Id = string.Create(CultureInfo.InvariantCulture, $"wording-{number}"),
            Text = wording.Ask ?? own.Text,
            Kind = wording.Type is { } type ? ToKind(type) : own.Kind,
            Choices = wording.Type is null ? own.Choices : [.. wording.Choices],
            Region = wording.HasRegion ? AskRegions.Of(wording.Region, wording.Mask) : own.Region,
            Suffix = wording.Suffix ?? own.Suffix,
            MinMass = wording.MinMass ?? own.MinMass,
            Schedule = WeeklySchedule.Always,
            When = null,
            Rules = rules with
            {
                Thresholds = PastOutcomes.With(rules.Thresholds, tried.Thresholds),
                Night = null,
                Agree = tried.Agree ?? rules.Agree,
                OutOf = tried.OutOf ?? rules.OutOf,
                HoldFor = tried.HoldFor ?? rules.HoldFor,
                HoldNoFor = tried.HoldNoFor ?? rules.HoldNoFor,
                CoolDown = tried.CoolDown ?? rules.CoolDown,

                // Frames are stored now and then, so a time without one does not mean that the camera was gone.
                UnknownAfter = tried.UnknownAfter ?? span,
            },
        };
    }

    private static QuestionKind ToKind(AnswerType type) => type switch
    {
        AnswerType.YesNo => QuestionKind.YesNo,
        AnswerType.Choice => QuestionKind.Choice,
        AnswerType.Number => QuestionKind.Number,
        AnswerType.Text => QuestionKind.Text,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "This type of answer has no kind of question."),
    };
}
