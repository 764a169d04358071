using CsCheck;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Questions.AnswerTypes;
using MobileVlm.Edge.Actors.Settings;

namespace MobileVlm.Edge.Actors.Tests.Scenes;

/// <summary>The refresh interval of the scene gate: 30 s at first, at most 10 minutes.</summary>
public sealed class RefreshIntervalTests
{
    private static readonly StandingQuestion Person = new("person", "Is there a person?", QuestionKind.YesNo, TimeSpan.FromSeconds(1));

    private static readonly StandingQuestion Dog = Person with { Id = "dog", Text = "Is there a dog?" };

    private static readonly SceneGateSettings Defaults = new();

    private enum Happening
    {
        Nothing,
        OtherScene,
        OtherValue,
        OtherState,
        AdHocQuestion,
    }

    [Fact]
    public void The_interval_doubles_with_each_equal_answer_up_to_the_longest()
    {
        var driver = Asked(Person);

        Assert.Equal([30, 60, 120, 240, 480, 600, 600], Enumerable.Range(0, 7).Select(_ => driver.SecondsUntilAsked(0, Person)));
        Assert.Equal(600, driver.Interval(Person));
    }

    [Fact]
    public void A_longest_interval_that_is_no_power_is_reached_exactly()
    {
        var driver = Asked(Defaults with { RefreshMax = TimeSpan.FromSeconds(70) }, Person);

        Assert.Equal([30, 60, 70, 70], Enumerable.Range(0, 4).Select(_ => driver.SecondsUntilAsked(0, Person)));
    }

    [Fact]
    public void A_change_of_scene_is_asked_about_at_once_and_the_interval_starts_again()
    {
        var driver = Grown(Person);

        Assert.True(driver.Frame(1, Person));

        Assert.Equal([30, 60], [driver.SecondsUntilAsked(1, Person), driver.SecondsUntilAsked(1, Person)]);
    }

    [Fact]
    public void A_change_of_scene_that_one_question_sees_starts_the_intervals_of_all()
    {
        var driver = Grown(Person, Dog);
        driver.Time.Advance(TimeSpan.FromSeconds(100));

        // The dog is asked about less often, and by then the scene is what it was.
        Assert.True(driver.Frame(1, Person));
        Assert.Equal((30, 30), (driver.Interval(Person), driver.Interval(Dog)));
        driver.Time.Advance(TimeSpan.FromSeconds(1));
        driver.Frame(0, Person);

        Assert.True(driver.Frame(0, Dog));
        Assert.Equal(30, driver.Interval(Dog));
    }

    [Fact]
    public void Another_value_about_the_same_scene_starts_the_interval_of_that_question_only()
    {
        var driver = Grown(Person, Dog);
        driver.Answers[Person.Id] = GateDriver.YesNo(0.1);

        driver.SecondsUntilAsked(0, Person, Dog);

        Assert.Equal((30, 600), (driver.Interval(Person), driver.Interval(Dog)));
    }

    [Theory]
    [InlineData(0.95, 0.7, 60)]
    [InlineData(0.95, 0.5, 30)]
    [InlineData(0.55, 0.5, 60)]
    public void Values_are_compared_after_the_thresholds(double first, double second, double expected)
    {
        var driver = new GateDriver(Defaults);
        driver.Answers[Person.Id] = GateDriver.YesNo(first);
        driver.Frame(0, Person);
        driver.Answers[Person.Id] = GateDriver.YesNo(second);

        driver.SecondsUntilAsked(0, Person);

        Assert.Equal(expected, driver.Interval(Person));
    }

    [Theory]
    [InlineData("There are 3 cars.", "Three cars", 60)]
    [InlineData("There are 3 cars.", "There are 4 cars.", 30)]
    [InlineData("There are 3 cars.", "Many.", 30)]
    public void Numbers_are_compared_and_not_the_text_around_them(string first, string second, double expected)
    {
        var cars = new StandingQuestion("cars", "How many cars?", QuestionKind.Number, TimeSpan.FromSeconds(1));

        Assert.Equal(expected, IntervalAfter(cars, first, second));
    }

    [Theory]
    [InlineData(null, "A street.", "A quiet street.", 60)]
    [InlineData(EventRule.Never, "A street.", "A quiet street.", 60)]
    [InlineData(EventRule.Changes, "A street.", "A quiet street.", 30)]
    [InlineData(EventRule.Changes, "A street.", "A street.", 60)]
    [InlineData(null, "A street.", "", 30)]
    public void The_wording_of_a_text_counts_only_where_its_changes_are_events(
        EventRule? events, string first, string second, double expected)
    {
        var scene = new StandingQuestion("scene", "What is there?", QuestionKind.Text, TimeSpan.FromSeconds(1))
        {
            Rules = new AnswerRules { Events = events },
        };

        Assert.Equal(expected, IntervalAfter(scene, first, second));
    }

    [Theory]
    [InlineData("A van.", "3", "A white van.", "3", true)]
    [InlineData("A van.", "3", "A van.", "4", false)]
    public void Of_an_object_the_wording_of_a_text_field_does_not_count_and_each_other_value_does(
        string text, string number, string otherText, string otherNumber, bool isSame)
    {
        var report = new StandingQuestion("report", "Report", QuestionKind.Json, TimeSpan.FromSeconds(1))
        {
            Fields =
            [
                new QuestionField("what", "What is there?", QuestionKind.Text),
                new QuestionField("count", "How many?", QuestionKind.Number),
            ],
        };
        string Compared(string what, string count) => AnswerHandler.Of(report.Kind)
            .ToComparable(report, [GateDriver.Text(what), GateDriver.Text(count)], report.Rules.Thresholds);

        Assert.Equal(isSame, Compared(text, number) == Compared(otherText, otherNumber));
    }

    [Fact]
    public void An_ad_hoc_question_starts_the_interval_again()
    {
        var driver = Grown(Person);
        driver.Time.Advance(TimeSpan.FromSeconds(100));

        driver.Gate.Restart();

        // The answer is older than 30 s, so the next frame is asked about; that answer starts the interval.
        Assert.Equal([1, 30, 60], Enumerable.Range(0, 3).Select(_ => driver.SecondsUntilAsked(0, Person)));
    }

    [Fact]
    public void A_restart_right_after_an_answer_counts_from_that_answer()
    {
        var driver = Grown(Person);
        driver.SecondsUntilAsked(0, Person);
        driver.Time.Advance(TimeSpan.FromSeconds(10));

        driver.Gate.Restart();

        Assert.Equal([20, 60], [driver.SecondsUntilAsked(0, Person), driver.SecondsUntilAsked(0, Person)]);
    }

    [Fact]
    public void A_change_of_state_starts_the_interval_of_that_question_only()
    {
        var driver = Grown(Person, Dog);

        driver.Gate.StateChanged(Person.Id, isOtherValue: true);

        Assert.Equal((30, 600), (driver.Interval(Person), driver.Interval(Dog)));
    }

    [Theory]
    [InlineData(true, 600)]
    [InlineData(false, 30)]
    public void A_text_that_is_only_worded_otherwise_is_no_change_of_state(bool isOtherValue, double expected)
    {
        var scene = Person with { Id = "scene", Kind = QuestionKind.Text };
        var driver = Grown(scene);

        driver.Gate.StateChanged(scene.Id, isOtherValue);

        Assert.Equal(expected, driver.Interval(scene));
    }

    [Fact]
    public void A_question_that_is_asked_early_because_another_one_is_due_is_fresh_and_does_not_double()
    {
        var driver = Grown(Person);
        driver.Answers[Dog.Id] = GateDriver.YesNo(0.9);

        // The dog is new: it is asked, and the person with it.
        Assert.True(driver.Frame(0, Person, Dog));
        Assert.Equal((600, 30), (driver.Interval(Person), driver.Interval(Dog)));

        // Both together at the dog's pace until it has caught up; the person's interval counts from the last answer.
        Assert.Equal(
            [30, 60, 120, 240, 480, 600], Enumerable.Range(0, 6).Select(_ => driver.SecondsUntilAsked(0, Person, Dog)));
        Assert.Equal((600, 600), (driver.Interval(Person), driver.Interval(Dog)));
    }

    [Fact]
    public void A_question_asked_early_whose_value_is_another_one_starts_again()
    {
        var driver = Grown(Person);
        driver.Answers[Dog.Id] = GateDriver.YesNo(0.9);
        driver.Answers[Person.Id] = GateDriver.YesNo(0.1);

        driver.Frame(0, Person, Dog);

        Assert.Equal(30, driver.Interval(Person));
    }

    [Fact]
    public void Other_limits_keep_the_answers_and_bound_the_intervals()
    {
        var driver = Grown(Person, Dog);

        driver.Gate.Change(Defaults with { RefreshMax = TimeSpan.FromSeconds(100) }, [Person, Dog]);
        Assert.False(driver.Frame(0, Person, Dog));
        Assert.Equal([100, 100], [driver.SecondsUntilAsked(0, Person, Dog), driver.SecondsUntilAsked(0, Person, Dog)]);

        driver.Gate.Change(Defaults with { Refresh = TimeSpan.FromSeconds(200) }, [Person, Dog]);
        Assert.Equal([200, 400], [driver.SecondsUntilAsked(0, Person, Dog), driver.SecondsUntilAsked(0, Person, Dog)]);
    }

    [Fact]
    public void A_changed_question_starts_again_and_leaves_the_others_alone()
    {
        var driver = Grown(Person, Dog);
        var reworded = Person with { Text = "Is there anybody?" };

        driver.Gate.Change(Defaults, [reworded, Dog]);
        Assert.Null(driver.Interval(reworded));
        Assert.False(driver.Frame(0, Dog));

        Assert.True(driver.Frame(0, reworded));
        Assert.Equal((30, 600), (driver.Interval(reworded), driver.Interval(Dog)));
    }

    [Fact]
    public void After_any_history_the_interval_is_the_first_one_doubled_once_for_each_equal_refresh_since_the_last_reset() =>
        Gen.Select(
            Gen.Int[1, 60],
            Gen.Int[1, 700],
            Gen.Select(
                Gen.Frequency((6, Gen.Int[0, 40]), (3, Gen.Int[40, 700])),
                Gen.Frequency(
                    (12, Gen.Const(Happening.Nothing)),
                    (1, Gen.Const(Happening.OtherScene)),
                    (1, Gen.Const(Happening.OtherValue)),
                    (1, Gen.Const(Happening.OtherState)),
                    (1, Gen.Const(Happening.AdHocQuestion)))).Array[1, 80]).Sample(
            (refresh, longest, steps) =>
            {
                var driver = Asked(
                    new SceneGateSettings { Refresh = TimeSpan.FromSeconds(refresh), RefreshMax = TimeSpan.FromSeconds(longest) }, Person);
                var (now, scene, yes, lastYes) = (0, 0, true, true);

                // What a reader of the documentation would expect.
                var (askedAt, equalRefreshes) = (0, 0);
                var startsAgain = false;
                foreach (var (after, happening) in steps)
                {
                    driver.Time.Advance(TimeSpan.FromSeconds(after));
                    now += after;
                    var isOtherScene = happening == Happening.OtherScene;
                    scene += isOtherScene ? 1 : 0;
                    yes ^= happening == Happening.OtherValue;
                    driver.Answers[Person.Id] = GateDriver.YesNo(yes ? 0.9 : 0.1);
                    if (happening is Happening.OtherState or Happening.AdHocQuestion)
                    {
                        if (happening == Happening.OtherState)
                        {
                            driver.Gate.StateChanged(Person.Id, isOtherValue: true);
                        }
                        else
                        {
                            driver.Gate.Restart();
                        }

                        (equalRefreshes, startsAgain) = (0, now - askedAt >= refresh);
                    }

                    var interval = Math.Max(refresh, Math.Min(longest, refresh * Math.Pow(2, equalRefreshes)));
                    var expected = isOtherScene || now - askedAt >= interval;
                    Assert.Equal(expected, driver.Frame(scene, Person));
                    if (expected)
                    {
                        var isEqual = !isOtherScene && !startsAgain && yes == lastYes;
                        (askedAt, equalRefreshes, startsAgain) = (now, isEqual ? equalRefreshes + 1 : 0, false);
                        lastYes = yes;
                        interval = Math.Max(refresh, Math.Min(longest, refresh * Math.Pow(2, equalRefreshes)));
                    }

                    Assert.Equal(interval, driver.Interval(Person));
                }
            },
            iter: 3_000);

    [Fact]
    public void With_a_longest_interval_that_is_not_longer_the_model_is_asked_when_it_always_was() =>
        Gen.Select(
            Gen.Int[5, 60],
            Gen.Int[1, 60],
            Gen.Select(
                Gen.Int[0, 40],
                Gen.Int[0, 2],
                Gen.Int[1, 3],
                Gen.Enum<Happening>()).Array[1, 80]).Sample(
            (refresh, shorter, steps) =>
            {
                var longest = Math.Min(refresh, shorter);
                var driver = new GateDriver(
                    new SceneGateSettings { Refresh = TimeSpan.FromSeconds(refresh), RefreshMax = TimeSpan.FromSeconds(longest) });
                var now = 0;
                var known = new Dictionary<string, (int AskedAt, int Scene)>();
                foreach (var (after, scene, which, happening) in steps)
                {
                    driver.Time.Advance(TimeSpan.FromSeconds(after));
                    now += after;
                    StandingQuestion[] due = which switch { 1 => [Person], 2 => [Dog], _ => [Person, Dog] };
                    foreach (var question in due)
                    {
                        driver.Answers[question.Id] = GateDriver.YesNo(happening == Happening.OtherValue ? 0.1 : 0.9);
                    }

                    if (happening == Happening.AdHocQuestion)
                    {
                        driver.Gate.Restart();
                    }
                    else if (happening == Happening.OtherState)
                    {
                        driver.Gate.StateChanged(due[0].Id, isOtherValue: true);
                    }

                    // The rule before intervals grew: the same scene as each answer was given about, none as old as the refresh.
                    var expected = !Array.TrueForAll(due, question => known.TryGetValue(question.Id, out var last)
                        && last.Scene == scene && now - last.AskedAt < refresh);
                    Assert.Equal(expected, driver.Frame(scene, due));
                    foreach (var question in expected ? due : [])
                    {
                        known[question.Id] = (now, scene);
                    }
                }
            },
            iter: 3_000);

    private static double? IntervalAfter(StandingQuestion question, string first, string second)
    {
        var driver = new GateDriver(Defaults);
        driver.Answers[question.Id] = GateDriver.Text(first);
        driver.Frame(0, question);
        driver.Answers[question.Id] = GateDriver.Text(second);
        driver.SecondsUntilAsked(0, question);
        return driver.Interval(question);
    }

    private static GateDriver Asked(params StandingQuestion[] questions) => Asked(Defaults, questions);

    /// <summary>The questions were asked just now, about scene 0.</summary>
    private static GateDriver Asked(SceneGateSettings settings, params StandingQuestion[] questions)
    {
        var driver = new GateDriver(settings);
        foreach (var question in questions)
        {
            driver.Answers[question.Id] = GateDriver.YesNo(0.9);
        }

        Assert.True(driver.Frame(0, questions));
        return driver;
    }

    /// <summary>The same with intervals that have grown to the longest.</summary>
    private static GateDriver Grown(params StandingQuestion[] questions)
    {
        var driver = Asked(questions);
        while (driver.Interval(questions[0]) < Defaults.RefreshMax.TotalSeconds)
        {
            driver.SecondsUntilAsked(0, questions);
        }

        return driver;
    }
}
