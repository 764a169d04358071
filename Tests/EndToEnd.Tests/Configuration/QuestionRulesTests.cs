using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Deploy.Configuration;

namespace MobileVlm.Edge.EndToEnd.Tests.Configuration;

/// <summary>Kinds, rules, times and regions of questions, from the file to the actors.</summary>
public sealed class QuestionRulesTests : IDisposable
{
    private readonly ConfigurationFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void Every_setting_of_a_question_reaches_the_actors()
    {
        var question = Question("""
            , "Enabled": false, "Schedule": ["Mon-Fri 07:00-19:00", "Sat"], "When": "other = no",
            "Region": "0,0.5 1,0.5 1,1 0,1", "Mask": ["0,0 0.1,0 0.1,0.1"],
            "YesAbove": 0.8, "NoBelow": 0.3, "MinMass": 0.4, "Suffix": "", "WhenUnsure": "Unknown", "Agree": 3, "OutOf": 5,
            "HoldFor": "00:00:05", "HoldNoFor": "00:01:00", "UnknownAfter": "00:02:00", "Events": "Yes",
            "CoolDown": "00:10:00", "Heartbeat": "00:00:00", "AnswerTopic": "Changes", "Alert": "{camera}: {to}", "DeviceClass": "occupancy",
            "Night": { "When": "other", "YesAbove": 0.9 }
            """);

        Assert.Equal(
            new StandingQuestion("person", "Is there a person?", QuestionKind.YesNo, TimeSpan.FromSeconds(2))
            {
                Enabled = false,
                MinMass = 0.4,
                Suffix = "",
                DeviceClass = "occupancy",
                Schedule = WeeklySchedule.Parse(["Mon-Fri 07:00-19:00", "Sat"]),
                When = new QuestionCondition(null, "other", ConditionOperator.Is, "no"),
                Region = new FrameRegion(
                    RegionPolygon.Parse("0,0.5 1,0.5 1,1 0,1"), [RegionPolygon.Parse("0,0 0.1,0 0.1,0.1")]),
                Rules = new AnswerRules
                {
                    Thresholds = new Thresholds { YesAbove = 0.8, NoBelow = 0.3 },
                    Night = new NightRule(
                        new Thresholds { YesAbove = 0.9, NoBelow = 0.3 },
                        WeeklySchedule.Always,
                        new QuestionCondition(null, "other", ConditionOperator.Is, "yes")),
                    WhenUnsure = UnsureRule.Unknown,
                    Agree = 3,
                    OutOf = 5,
                    HoldFor = TimeSpan.FromSeconds(5),
                    HoldNoFor = TimeSpan.FromMinutes(1),
                    UnknownAfter = TimeSpan.FromMinutes(2),
                    Events = EventRule.Yes,
                    CoolDown = TimeSpan.FromMinutes(10),
                    Heartbeat = TimeSpan.Zero,
                    Answers = AnswerRule.Changes,
                    Alert = AlertText.Parse("{camera}: {to}"),
                },
            },
            question);
    }

    [Fact]
    public void Defaults_are_those_of_the_actors() =>
        Assert.Equal(
            new StandingQuestion("person", "Is there a person?", QuestionKind.YesNo, TimeSpan.FromSeconds(2)), Question(""));

    [Fact]
    public void Choices_numbers_and_objects_reach_the_actors()
    {
        var plan = _fixture.Read(Small("""
            , "colour": { "Ask": "Which colour?", "Answer": "Choice", "Choices": ["red", "blue"], "MinScore": 0.5 },
            "speed": { "Ask": "How fast?", "Answer": "Number", "Min": 0, "Max": 130, "Unit": "km/h" },
            "scene": { "Ask": "The scene", "Answer": "Json", "Fields": {
              "dog": { "Ask": "Is there a dog?", "Answer": "YesNo" },
              "cars": { "Ask": "How many cars?", "Answer": "Number", "Max": 9, "MaxTokens": 7 } } }
            """)).ToEdgeSettings("m").Cameras[0];

        Assert.Equal(["red", "blue"], plan.Questions[2].Choices);
        Assert.Equal(0.5, plan.Questions[2].Rules.Thresholds.MinScore);
        Assert.Equal(new NumberBounds(0, 130, "km/h"), plan.Questions[3].Number);
        Assert.Equal(
            [
                new QuestionField("dog", "Is there a dog?", QuestionKind.YesNo),
                new QuestionField("cars", "How many cars?", QuestionKind.Number, 7)
                {
                    Number = new NumberBounds(double.NegativeInfinity, 9, null),
                },
            ],
            plan.Questions[4].Fields);
    }

    [Fact]
    public void Lists_can_be_set_by_the_environment()
    {
        _fixture.Environment["MobileVlm__Cameras__gate__Questions__person__Schedule__0"] = "Mon";
        _fixture.Environment["MobileVlm__Cameras__gate__Questions__person__Mask"] = "0,0 1,0 1,1";

        var question = Question("");

        Assert.Equal(WeeklySchedule.Parse(["Mon"]), question.Schedule);
        Assert.Single(question.Region!.Masks);
    }

    [Theory]
    [InlineData("\"Schedule\": [\"Mo 07:00-19:00\"]", "Schedule:0", "'Mon-Fri 07:00-19:00'")]
    [InlineData("\"Schedule\": {\"a\": 1}", "Schedule", "is not a list")]
    [InlineData("\"Schedule\": [7]", "Schedule:0", "is not a text")]
    [InlineData("\"When\": \"nobody\"", "When", "questions of 'gate': person, other")]
    [InlineData("\"When\": \"attic/person\"", "When", "cameras: gate")]
    [InlineData("\"When\": \"person = \"", "When", "is not a condition")]
    [InlineData("\"When\": \"person\"", "When", "gate/person -> gate/person")]
    [InlineData("\"Region\": \"0,0 1,1\"", "Region", "three or more corners")]
    [InlineData("\"Mask\": [\"0,0 1,1 2,2\"]", "Mask:0", "three or more corners")]
    [InlineData("\"YesAbove\": 0.3", "NoBelow", "is more than YesAbove = 0.3")]
    [InlineData("\"YesAbove\": 1.3", "YesAbove", "0 to 1")]
    [InlineData("\"Agree\": 2, \"OutOf\": 5", "Agree", "3 or more would be accepted")]
    [InlineData("\"Agree\": 2, \"OutOf\": 1", "OutOf", "is less than Agree = 2")]
    [InlineData("\"UnknownAfter\": \"00:00:02\"", "UnknownAfter", "is not longer than Every")]
    [InlineData("\"Alert\": \"{who}\"", "Alert", "unknown place '{who}'")]
    [InlineData("\"Night\": { \"YesAbove\": 0.9 }", "Night", "either When or Schedule")]
    [InlineData("\"Night\": { \"When\": \"other\", \"Schedule\": [\"Mon\"] }", "Night", "either When or Schedule")]
    [InlineData("\"Night\": { \"When\": \"nobody\" }", "Night:When", "names a question that does not exist")]
    [InlineData("\"Night\": { \"When\": \"other\", \"YesAbove\": 0.2 }", "Night:NoBelow", "at night, 0.2")]
    [InlineData("\"Choices\": [\"a\", \"b\"]", "Choices", "for Answer = 'Choice' only")]
    [InlineData("\"Unit\": \"m\"", "Unit", "for Answer = 'Number' only")]
    [InlineData("\"DeviceClass\": \"garagedoor\"", "DeviceClass", "did you mean 'garage_door'?")]
    [InlineData("\"DeviceClass\": \"Temperature\"", "DeviceClass", "battery, battery_charging, carbon_monoxide")]
    [InlineData("\"Fields\": { \"a\": { \"Ask\": \"?\", \"Answer\": \"Text\" } }", "Fields", "for Answer = 'Json' only")]
    public void An_invalid_rule_is_reported_with_what_would_be_accepted(string setting, string key, string expected)
    {
        var error = _fixture.Error(Small("", ", " + setting));

        Assert.Equal($"MobileVlm:Cameras:gate:Questions:person:{key}", error.Key);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"Answer\": \"Choice\", \"Choices\": [\"red\"]", "Choices", "two or more")]
    [InlineData("\"Answer\": \"Choice\"", "Choices", "two or more")]
    [InlineData("\"Answer\": \"Text\", \"DeviceClass\": \"motion\"", "DeviceClass", "for Answer = 'YesNo' only")]
    [InlineData("\"Answer\": \"Choice\", \"Choices\": [\"red\", \"Red \"]", "Choices", "twice")]
    [InlineData("\"Answer\": \"Number\", \"Min\": 3, \"Max\": 2", "Min", "is more than Max")]
    [InlineData("\"Answer\": \"Number\", \"Events\": \"Yes\"", "Events", "'Changes' or 'Never'")]
    [InlineData("\"Answer\": \"Number\", \"MaxTokens\": 1000", "MaxTokens", "does not fit")]
    [InlineData("\"Answer\": \"Json\"", "Fields", "names no field")]
    [InlineData("\"Answer\": \"Json\", \"Fields\": { \"a\": { \"Ask\": \"?\", \"Answer\": \"Json\" } }", "Fields:a:Answer", "inside of an object")]
    [InlineData("\"Answer\": \"Json\", \"Fields\": { \"a b\": { \"Ask\": \"?\", \"Answer\": \"Text\" } }", "Fields:a b", "not a usable name")]
    public void Each_kind_of_answer_requires_its_own_settings(string settings, string key, string expected)
    {
        var error = _fixture.Error(Small($$""", "x": { "Ask": "?", {{settings}} }"""));

        Assert.Equal($"MobileVlm:Cameras:gate:Questions:x:{key}", error.Key);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_cycle_of_conditions_is_reported_once()
    {
        // Error() requires exactly one error: the cycle is reported for one of its questions only.
        var error = _fixture.Error(Small(
            """, "a": { "Ask": "?", "Answer": "YesNo", "When": "b" }, "b": { "Ask": "?", "Answer": "YesNo", "When": "a" }"""));

        Assert.Contains("gate/a -> gate/b -> gate/a", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Atlantis/Capital")]
    public void An_unknown_time_zone_is_refused(string zone) =>
        Assert.Contains("Europe/Berlin", _fixture.Error(ConfigurationFixture.Small(more: $$""", "TimeZone": "{{zone}}" """)).Message, StringComparison.Ordinal);

    [Fact]
    public void The_state_folder_is_the_configured_one_otherwise_that_of_systemd_otherwise_none()
    {
        Assert.Null(_fixture.Read(ConfigurationFixture.Small()).StateFolder);
        _fixture.Environment["STATE_DIRECTORY"] = "/var/lib/mobilevlm:/var/lib/other";
        Assert.Equal("/var/lib/mobilevlm", _fixture.Read(ConfigurationFixture.Small()).ToEdgeSettings("m").StateFolder);
        Assert.Equal(
            Path.Combine(_fixture.Current, "state"),
            _fixture.Read(ConfigurationFixture.Small(more: """, "StateFolder": "state" """)).StateFolder);
    }

    [Fact]
    public void A_change_lists_opened_cameras_changed_questions_and_what_needs_a_restart()
    {
        var before = _fixture.Read(ConfigurationFixture.Small());

        Assert.True(ConfigurationChange.Between(before, _fixture.Read(ConfigurationFixture.Small())).CamerasAreUnchanged);

        var changed = ConfigurationChange.Between(before, _fixture.Read(ConfigurationFixture.Small(question: """, "Agree": 2 """)));
        Assert.Equal((0, 1, 0), (changed.Opened.Count, changed.QuestionsChanged.Count, changed.Removed.Count));

        var opened = ConfigurationChange.Between(before, _fixture.Read(ConfigurationFixture.Small(camera: """, "MaxFrameRate": 2 """)));
        Assert.Equal((1, 0, 0), (opened.Opened.Count, opened.QuestionsChanged.Count, opened.Removed.Count));

        var renamed = ConfigurationChange.Between(
            before, _fixture.Read(ConfigurationFixture.Small(more: """, "Node": "n", "Pipeline": { "Restarts": 1 } """)
                .Replace("gate", "yard", StringComparison.Ordinal)));
        Assert.Equal(("yard", "gate"), (renamed.Opened.Single().Id.Value, renamed.Removed.Single().Value));
        Assert.Equal(["MobileVlm:Node", "MobileVlm:Pipeline"], renamed.NeedsRestart);
    }

    private StandingQuestion Question(string settings) =>
        _fixture.Read(Small("", settings)).ToEdgeSettings("m").Cameras[0].Questions[0];

    /// <summary>A configuration with the questions <c>person</c>, which gets the given settings, and <c>other</c>.</summary>
    private static string Small(string questions, string person = "") => $$"""
        { "MobileVlm": {
          "Model": { "Path": "/models/a" },
          "Mqtt": { "Broker": "embedded" },
          "Cameras": { "gate": { "Source": "pattern:", "Questions": {
            "person": { "Ask": "Is there a person?", "Answer": "YesNo" {{person}} },
            "other": { "Ask": "?", "Answer": "YesNo" } {{questions}} } } } } }
        """;
}
