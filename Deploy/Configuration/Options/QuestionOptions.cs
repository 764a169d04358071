using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Deploy.Configuration.Rules;

namespace MobileVlm.Edge.Deploy.Configuration.Options;

/// <summary>Section <c>MobileVlm:Cameras:CAMERA:Questions:QUESTION</c>.</summary>
internal sealed class QuestionOptions : IAnswerOptions
{
    [Description("The question, as one would ask a person. Of `Json` it says what the object is about and is not asked.")]
    [Required]
    [TextLength(1000)]
    [Readable]
    public string? Ask { get; set; }

    [Description("`YesNo` and `Choice` are scored and quick; `Text` is written word by word, `Number` is read from what was written; `Json` is an object of `Fields`, each asked as a question of its own.")]
    [Required]
    public QuestionKind? Answer { get; set; }

    [Description("How often; `00:00:00` asks about every picture that the box has time for.")]
    [TimeRange("00:00:00", "7.00:00:00")]
    public TimeSpan Every { get; set; } = TimeSpan.FromSeconds(2);

    [Description("Most tokens that a `Text` or `Number` answer may have. One word is one or two.")]
    [NumberRange(1, 1024)]
    public int MaxTokens { get; set; } = 128;

    [Description("The answers between which a `Choice` decides; two or more.")]
    [TextLength(100)]
    [Readable]
    public List<string> Choices { get; set; } = [];

    [Description("Least `Number` that is believed; a smaller one is `unknown`.")]
    [NumberRange(-1e9, 1e9)]
    public double? Min { get; set; }

    [Description("Most `Number` that is believed; a larger one is `unknown`.")]
    [NumberRange(-1e9, 1e9)]
    public double? Max { get; set; }

    [Description("What a `Number` counts or measures (`km/h`). Of several numbers, that before the unit counts.")]
    [TextLength(20)]
    [Readable]
    public string? Unit { get; set; }

    [Description("The parts of a `Json` answer, by their keys.")]
    [Map("field")]
    public Dictionary<string, FieldOptions> Fields { get; set; } = [];

    [Description("Asked at all. A switch at run time wins over this, until it is switched back.")]
    public bool Enabled { get; set; } = true;

    [Description("When it is asked, by the wall clock of `TimeZone`; otherwise its state is `unknown`.")]
    [DefaultText("always")]
    [WeeklySlot]
    public List<string> Schedule { get; set; } = [];

    [Description("Asked only while another question has this state; otherwise its own is `unknown`.")]
    [DefaultText("always")]
    [Condition]
    public string? When { get; set; }

    [Description("What of the picture is looked at: it is cut to this shape, and what is beside the shape painted over. Each different region costs a look of its own.")]
    [DefaultText("all of it")]
    [Polygon]
    public string? Region { get; set; }

    [Description("Shapes that are painted over before the model looks.")]
    [Polygon]
    public List<string> Mask { get; set; } = [];

    [Description("From this probability on it is `yes`.")]
    [NumberRange(0, 1)]
    public double YesAbove { get; set; } = 0.6;

    [Description("Down from this probability it is `no`. Between the two, `WhenUnsure` decides.")]
    [NumberRange(0, 1)]
    public double NoBelow { get; set; } = 0.4;

    [Description("The likeliest choice counts from this probability on.")]
    [NumberRange(0, 1)]
    public double MinScore { get; set; }

    [Description("What an unclear score, a number that cannot be read or an empty text does to the state.")]
    [DefaultText("`Keep` for `YesNo`, else `Unknown`")]
    public UnsureRule? WhenUnsure { get; set; }

    [Description("Other thresholds at night.")]
    public NightOptions Night { get; set; } = new();

    [Description("So many of the last `OutOf` answers must agree before the state changes; more than half.")]
    [NumberRange(1, 100)]
    public int Agree { get; set; } = 1;

    [Description("See `Agree`.")]
    [DefaultText("as `Agree`")]
    [NumberRange(1, 100)]
    public int? OutOf { get; set; }

    [Description("A new value must be seen for this long, with no other between, before it is the state.")]
    [TimeRange("00:00:00", "1.00:00:00")]
    public TimeSpan HoldFor { get; set; }

    [Description("The same for a `no`.")]
    [DefaultText("as `HoldFor`")]
    [TimeRange("00:00:00", "1.00:00:00")]
    public TimeSpan? HoldNoFor { get; set; }

    [Description("Without an answer for this long the state is `unknown`.")]
    [DefaultText("three times `Every`, at least 00:00:30")]
    [TimeRange("00:00:01", "30.00:00:00")]
    public TimeSpan? UnknownAfter { get; set; }

    [Description("Which changes of the state are events.")]
    [DefaultText("`Never` for `Text` and `Json`, else `Changes`")]
    public EventRule? Events { get; set; }

    [Description("After an event that was sent, none is for this long. The state goes on.")]
    [TimeRange("00:00:00", "7.00:00:00")]
    public TimeSpan CoolDown { get; set; }

    [Description("The state is published when it changes and again after this long; `00:00:00` only when it changes.")]
    [TimeRange("00:00:00", "1.00:00:00")]
    public TimeSpan Heartbeat { get; set; } = TimeSpan.FromMinutes(5);

    [Description("When an answer is published: each one, or those that change the state (and with `Heartbeat`).")]
    public AnswerRule AnswerTopic { get; set; }

    [Description("The words of an event. `{score}` is in percent, `{at}` and `{since}` are times of the day.")]
    [DefaultText("`{camera}: {question} is {to}`")]
    [AlertTemplate]
    public string? Alert { get; set; }
}

/// <summary>Section <c>MobileVlm:Cameras:CAMERA:Questions:QUESTION:Fields:FIELD</c>.</summary>
internal sealed class FieldOptions : IAnswerOptions
{
    [Description("The question, as one would ask a person.")]
    [Required]
    [TextLength(1000)]
    [Readable]
    public string? Ask { get; set; }

    [Description("Any but `Json`.")]
    [Required]
    public QuestionKind? Answer { get; set; }

    [Description("Most tokens that a `Text` or `Number` answer may have.")]
    [NumberRange(1, 1024)]
    public int MaxTokens { get; set; } = 128;

    [Description("The answers between which a `Choice` decides; two or more.")]
    [TextLength(100)]
    [Readable]
    public List<string> Choices { get; set; } = [];

    [Description("Least `Number` that is believed; with a smaller one the field is null.")]
    [NumberRange(-1e9, 1e9)]
    public double? Min { get; set; }

    [Description("Most `Number` that is believed; with a larger one the field is null.")]
    [NumberRange(-1e9, 1e9)]
    public double? Max { get; set; }

    [Description("What a `Number` counts or measures.")]
    [TextLength(20)]
    [Readable]
    public string? Unit { get; set; }
}

/// <summary>What a question and a field of one have in common.</summary>
internal interface IAnswerOptions
{
    string? Ask { get; }

    QuestionKind? Answer { get; }

    int MaxTokens { get; }

    List<string> Choices { get; }

    double? Min { get; }

    double? Max { get; }

    string? Unit { get; }
}

/// <summary>Section <c>MobileVlm:Cameras:CAMERA:Questions:QUESTION:Night</c>.</summary>
internal sealed class NightOptions
{
    [Description("It is night while another question has this state. Either this or `Schedule`.")]
    [Condition]
    public string? When { get; set; }

    [Description("It is night at these times, by the wall clock of `TimeZone`.")]
    [WeeklySlot]
    public List<string> Schedule { get; set; } = [];

    [Description("Instead of the question's own.")]
    [DefaultText("the question's own")]
    [NumberRange(0, 1)]
    public double? YesAbove { get; set; }

    [Description("Instead of the question's own.")]
    [DefaultText("the question's own")]
    [NumberRange(0, 1)]
    public double? NoBelow { get; set; }

    [Description("Instead of the question's own.")]
    [DefaultText("the question's own")]
    [NumberRange(0, 1)]
    public double? MinScore { get; set; }

    /// <summary>Nothing of it is set.</summary>
    public bool IsEmpty => (When, YesAbove, NoBelow, MinScore, Schedule.Count) == (null, null, null, null, 0);
}
