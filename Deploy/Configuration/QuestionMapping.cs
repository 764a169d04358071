using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Deploy.Configuration.Options;

namespace MobileVlm.Edge.Deploy.Configuration;

/// <summary>Converts the options of a question into the actors' type.</summary>
internal static class QuestionMapping
{
    /// <param name="id">The question's name.</param>
    /// <param name="options">Validated options.</param>
    public static StandingQuestion ToQuestion(string id, QuestionOptions options) =>
        new(id, options.Ask!, options.Answer!.Value, options.Every, options.MaxTokens)
        {
            Choices = [.. options.Choices],
            Number = ToBounds(options),
            Fields = [.. options.Fields.Select(field => ToField(field.Key, field.Value))],
            Suffix = options.Suffix,
            MinMass = options.MinMass,
            Enabled = options.Enabled,
            Schedule = ToSchedule(options.Schedule),
            When = ToCondition(options.When),
            Region = ToRegion(options),
            DeviceClass = options.DeviceClass,
            Rules = ToRules(options),
        };

    private static QuestionField ToField(string name, FieldOptions options) =>
        new(name, options.Ask!, options.Answer!.Value, options.MaxTokens)
        {
            Choices = [.. options.Choices],
            Number = ToBounds(options),
        };

    private static NumberBounds ToBounds(IAnswerOptions options) => new(
        options.Min ?? double.NegativeInfinity, options.Max ?? double.PositiveInfinity, options.Unit);

    // A schedule without slots is 'always' and must compare equal to it.
    private static WeeklySchedule ToSchedule(List<string> slots) =>
        slots.Count == 0 ? WeeklySchedule.Always : WeeklySchedule.Parse(slots);

    private static QuestionCondition? ToCondition(string? text) => text is null ? null : QuestionCondition.Parse(text);

    private static FrameRegion? ToRegion(QuestionOptions options) => options.Region is null && options.Mask.Count == 0
        ? null
        : new FrameRegion(
            options.Region is { } inside ? RegionPolygon.Parse(inside) : null,
            [.. options.Mask.Select(RegionPolygon.Parse)]);

    private static AnswerRules ToRules(QuestionOptions options) => new()
    {
        Thresholds = new Thresholds
        {
            YesAbove = options.YesAbove,
            NoBelow = options.NoBelow,
            MinScore = options.MinScore,
        },
        Night = options.Night.IsEmpty ? null : new NightRule(
            new Thresholds
            {
                YesAbove = options.Night.YesAbove ?? options.YesAbove,
                NoBelow = options.Night.NoBelow ?? options.NoBelow,
                MinScore = options.Night.MinScore ?? options.MinScore,
            },
            ToSchedule(options.Night.Schedule),
            ToCondition(options.Night.When)),
        WhenUnsure = options.WhenUnsure,
        Agree = options.Agree,
        OutOf = options.OutOf ?? options.Agree,
        HoldFor = options.HoldFor,
        HoldNoFor = options.HoldNoFor,
        UnknownAfter = options.UnknownAfter,
        Events = options.Events,
        CoolDown = options.CoolDown,
        Heartbeat = options.Heartbeat,
        Answers = options.AnswerTopic,
        Alert = options.Alert is { } words ? AlertText.Parse(words) : AlertText.Default,
    };
}
