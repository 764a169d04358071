using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Deploy.Configuration.Rules;
using MobileVlm.Edge.Inference.Teaching.Heads;

namespace MobileVlm.Edge.Deploy.Configuration.Options;

/// <summary>Section <c>MobileVlm:Cameras:CAMERA:Questions:QUESTION</c>.</summary>
internal sealed class QuestionOptions : IAnswerOptions
{
    [Description("The question, worded as for a person. For `Json` it describes the object and is not asked.")]
    [Required]
    [TextLength(1000)]
    [Readable]
    public string? Ask { get; set; }

    [Description("`YesNo` and `Choice` are scored, which is fast; `Text` is generated token by token; `Number` is read from generated text; `Json` is an object of `Fields`, each of which is asked as its own question.")]
    [Required]
    public QuestionKind? Answer { get; set; }

    [Description("How often it is asked; `00:00:00` asks about every frame that the device has time for.")]
    [TimeRange("00:00:00", "7.00:00:00")]
    public TimeSpan Every { get; set; } = TimeSpan.FromSeconds(2);

    [Description("Maximum tokens of a `Text` or `Number` answer. One word is one or two tokens.")]
    [NumberRange(1, 1024)]
    public int MaxTokens { get; set; } = 128;

    [Description("The answers from which a `Choice` selects one; two or more.")]
    [TextLength(100)]
    [Readable]
    public List<string> Choices { get; set; } = [];

    [Description("Smallest `Number` that is accepted; a smaller one is `unknown`.")]
    [NumberRange(-1e9, 1e9)]
    public double? Min { get; set; }

    [Description("Largest `Number` that is accepted; a larger one is `unknown`.")]
    [NumberRange(-1e9, 1e9)]
    public double? Max { get; set; }

    [Description("What a `Number` counts or measures (`km/h`). Of several numbers, the one before the unit is used.")]
    [TextLength(20)]
    [Readable]
    public string? Unit { get; set; }

    [Description("The fields of a `Json` answer, by their keys.")]
    [Map("field")]
    public Dictionary<string, FieldOptions> Fields { get; set; } = [];

    [Description("Whether it is asked. A switch at run time overrides this until it is switched back.")]
    public bool Enabled { get; set; } = true;

    [Description("When it is asked, in the local time of `TimeZone`; at other times its state is `unknown`.")]
    [DefaultText("always")]
    [WeeklySlot]
    public List<string> Schedule { get; set; } = [];

    [Description("Asked only while another question has this state; otherwise its own state is `unknown`.")]
    [DefaultText("always")]
    [Condition]
    public string? When { get; set; }

    [Description("Part of the frame that the question is about: the frame is cropped to this polygon's bounding box, and what is outside the polygon is painted over. Each different region needs its own encoder run.")]
    [DefaultText("the whole frame")]
    [Polygon]
    public string? Region { get; set; }

    [Description("Polygons that are painted over before the frame is encoded.")]
    [Polygon]
    public List<string> Mask { get; set; } = [];

    [Description("At this probability or above it, the answer is `yes`.")]
    [NumberRange(0, 1)]
    public double YesAbove { get; set; } = 0.6;

    [Description("At this probability or below it, the answer is `no`. Between the two, `WhenUnsure` decides.")]
    [NumberRange(0, 1)]
    public double NoBelow { get; set; } = 0.4;

    [Description("The most likely choice counts only at this probability or above it.")]
    [NumberRange(0, 1)]
    public double MinScore { get; set; }

    [Description("A yes/no or `Choice` answer counts only when the model gives its accepted words at least this probability together (`mass`); otherwise the state is `unknown`, because the model would say something else. 0 accepts every answer.")]
    [DefaultText("the model's own: 0.2 for newly imported models")]
    [NumberRange(0, 1)]
    public double? MinMass { get; set; }

    [Description("Text on its own line after the question, for example an instruction about the form of the answer; empty for none.")]
    [DefaultText("for `YesNo` and `Choice` the model's own: published models were trained with `Answer the question using a single word or phrase.`; otherwise none")]
    [TextLength(1000, AllowsEmpty = true)]
    [Readable]
    public string? Suffix { get; set; }

    [Description("File of `mobilevlm teach` with what was learned for this question; `YesNo` and `Choice` only. A file that cannot be read, or that belongs to another model, text, choices or region, is reported, and the model's own score counts. Read at the start and at each reload ([teach.md](teach.md)).")]
    [DefaultText("none: the model's own score counts")]
    [TextLength(4096)]
    public string? Taught { get; set; }

    [Description("What answers a question with `Taught`: `Model` asks the decoder and uses the learned head on it, `Taught` uses the picture's encoding alone, `Cascade` asks the decoder only where that is unsure.")]
    [DefaultText("`Model`")]
    public TaughtAnswerer? Answerer { get; set; }

    [Description("How an unclear score, a number that cannot be read or an empty text changes the state.")]
    [DefaultText("`Keep` for `YesNo`, otherwise `Unknown`")]
    public UnsureRule? WhenUnsure { get; set; }

    [Description("Thresholds that apply at night instead.")]
    public NightOptions Night { get; set; } = new();

    [Description("The state changes only when at least this many of the last `OutOf` answers agree (more than half of `OutOf`).")]
    [NumberRange(1, 100)]
    public int Agree { get; set; } = 1;

    [Description("How many of the last answers count for `Agree`.")]
    [DefaultText("as `Agree`")]
    [NumberRange(1, 100)]
    public int? OutOf { get; set; }

    [Description("A new value must be seen for this long, with no other value between, before it becomes the state.")]
    [TimeRange("00:00:00", "1.00:00:00")]
    public TimeSpan HoldFor { get; set; }

    [Description("The same for a change to `no`.")]
    [DefaultText("as `HoldFor`")]
    [TimeRange("00:00:00", "1.00:00:00")]
    public TimeSpan? HoldNoFor { get; set; }

    [Description("After this long without an answer, the state is `unknown`.")]
    [DefaultText("three times `Every`, at least 00:00:30")]
    [TimeRange("00:00:01", "30.00:00:00")]
    public TimeSpan? UnknownAfter { get; set; }

    [Description("Which changes of the state are events.")]
    [DefaultText("`Never` for `Text` and `Json`, otherwise `Changes`")]
    public EventRule? Events { get; set; }

    [Description("After an event has been sent, no other event is sent for this long. The state still changes.")]
    [TimeRange("00:00:00", "7.00:00:00")]
    public TimeSpan CoolDown { get; set; }

    [Description("The state is published when it changes and again after this long; `00:00:00` publishes changes only.")]
    [TimeRange("00:00:00", "1.00:00:00")]
    public TimeSpan Heartbeat { get; set; } = TimeSpan.FromMinutes(5);

    [Description("When an answer is published: each one, or only those that change the state and those at each `Heartbeat`.")]
    public AnswerRule AnswerTopic { get; set; }

    [Description("The text of an event. `{score}` is a percentage; `{at}` and `{since}` are times of day.")]
    [DefaultText("`{camera}: {question} is {to}`")]
    [AlertTemplate]
    public string? Alert { get; set; }
}

/// <summary>Section <c>MobileVlm:Cameras:CAMERA:Questions:QUESTION:Fields:FIELD</c>.</summary>
internal sealed class FieldOptions : IAnswerOptions
{
    [Description("The question, worded as for a person.")]
    [Required]
    [TextLength(1000)]
    [Readable]
    public string? Ask { get; set; }

    [Description("Any kind except `Json`.")]
    [Required]
    public QuestionKind? Answer { get; set; }

    [Description("Maximum tokens of a `Text` or `Number` answer.")]
    [NumberRange(1, 1024)]
    public int MaxTokens { get; set; } = 128;

    [Description("The answers from which a `Choice` selects one; two or more.")]
    [TextLength(100)]
    [Readable]
    public List<string> Choices { get; set; } = [];

    [Description("Smallest `Number` that is accepted; with a smaller one the field is null.")]
    [NumberRange(-1e9, 1e9)]
    public double? Min { get; set; }

    [Description("Largest `Number` that is accepted; with a larger one the field is null.")]
    [NumberRange(-1e9, 1e9)]
    public double? Max { get; set; }

    [Description("What a `Number` counts or measures.")]
    [TextLength(20)]
    [Readable]
    public string? Unit { get; set; }
}

/// <summary>The options that a question and a field of a <c>Json</c> question have in common.</summary>
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
    [Description("It is night while another question has this state. Set either this or `Schedule`.")]
    [Condition]
    public string? When { get; set; }

    [Description("It is night at these times, in the local time of `TimeZone`.")]
    [WeeklySlot]
    public List<string> Schedule { get; set; } = [];

    [Description("Replaces the question's own value at night.")]
    [DefaultText("the question's own")]
    [NumberRange(0, 1)]
    public double? YesAbove { get; set; }

    [Description("Replaces the question's own value at night.")]
    [DefaultText("the question's own")]
    [NumberRange(0, 1)]
    public double? NoBelow { get; set; }

    [Description("Replaces the question's own value at night.")]
    [DefaultText("the question's own")]
    [NumberRange(0, 1)]
    public double? MinScore { get; set; }

    /// <summary>True if none of these keys is set.</summary>
    public bool IsEmpty => (When, YesAbove, NoBelow, MinScore, Schedule.Count) == (null, null, null, null, 0);
}
