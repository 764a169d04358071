using System.Text.RegularExpressions;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Scanning;
using MobileVlm.Edge.Connectors.Videos;
using MobileVlm.Edge.Deploy.Cli;
using MobileVlm.Edge.Deploy.Commands.Scanning;

namespace MobileVlm.Edge.EndToEnd.Tests.Scanning;

/// <summary>The forms of a scan's result: times of values, text, table and page.</summary>
public sealed class ScanOutputTests
{
    private static readonly StandingQuestion Person = new("0", "Is there a person?", QuestionKind.YesNo, TimeSpan.Zero);

    [Fact]
    public void Equal_values_in_a_row_become_one_time()
    {
        var video = Video(0.1, 0.2, 0.9, 0.4, 0.45);
        Assert.Equal(
        [
            new ScanSegment(TimeSpan.Zero, TimeSpan.FromSeconds(2), "no", null, 0.1, 0.2),
            new ScanSegment(TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(3), "yes", null, 0.9, 0.9),
            new ScanSegment(TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(4.5), "no", null, 0.4, 0.45),
        ],
        video.Segments(0));
    }

    [Fact]
    public void Text_is_broken_at_80_columns()
    {
        var question = new StandingQuestion("0", "Describe the scene.", QuestionKind.Text, TimeSpan.Zero);
        var video = new ScannedVideo("clip.mp4", TimeSpan.FromSeconds(1));
        video.Add(new ScannedFrame(TimeSpan.Zero, false, [new ParsedAnswer { Value = $"{string.Concat(Enumerable.Repeat("word ", 40))}\nline\n{new string('x', 200)}" }]));
        var lines = ScanText.Lines(Report(video, question)).ToList();
        Assert.All(lines, line => Assert.InRange(line.Length, 1, 80));
        Assert.All(lines[3..], line => Assert.StartsWith(new string(' ', 17), line, StringComparison.Ordinal));
        Assert.Contains($"{new string(' ', 17)}line", lines);
    }

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("a,b", "\"a,b\"")]
    [InlineData("say \"no\"", "\"say \"\"no\"\"\"")]
    [InlineData("two\r\nlines", "\"two\r\nlines\"")]
    [InlineData(" blank", "\" blank\"")]
    [InlineData("", "")]
    public void A_field_of_a_table_is_quoted_where_it_has_to_be(string text, string expected) => Assert.Equal($"{expected},1", CsvText.Line(text, "1"));

    [Fact]
    public void The_table_has_a_line_for_each_sample_and_question()
    {
        var video = new ScannedVideo("a,b.mp4", TimeSpan.FromSeconds(1));
        video.Add(new ScannedFrame(TimeSpan.FromSeconds(1.5), true,
            [new ParsedAnswer { Value = null, Unclear = UnknownReason.NotYesNo, Score = 0.25, Mass = 0.125 }, new ParsedAnswer { Value = "yes", Score = 1 }]));
        var report = Report(video, Person, Person with { Id = "1", Text = "Is it \"night\"?" });
        Assert.Equal(
        [
            "video,t,reused,question,value,score,mass,reason",
            "\"a,b.mp4\",1.5,true,Is there a person?,unknown,0.25,0.125,notYesNo",
            "\"a,b.mp4\",1.5,true,\"Is it \"\"night\"\"?\",yes,1,,",
        ],
        ScanCsv.Lines(report));
    }

    [Fact]
    public void The_page_shows_names_as_they_are_and_loads_nothing()
    {
        const string Hostile = "<img src=x onerror=alert(1)>\"'&";
        var video = new ScannedVideo($"{Hostile}.mp4", TimeSpan.FromSeconds(1)) { Error = $"ends at {Hostile}." };
        video.Add(new ScannedFrame(TimeSpan.Zero, false, [new ParsedAnswer { Value = Hostile, Text = Hostile }]));
        video.Pictures[TimeSpan.Zero] = [1, 2, 3];
        var page = ScanPage.Create(Report(video, new StandingQuestion("0", Hostile, QuestionKind.Text, TimeSpan.Zero)));
        Assert.DoesNotContain("<img src=x", page, StringComparison.Ordinal);
        Assert.Contains("&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;.mp4", page, StringComparison.Ordinal);
        Assert.DoesNotMatch(new Regex("<script|<link|@import|https?:|src=\"(?!data:)", RegexOptions.IgnoreCase), page.Replace("http-equiv", "", StringComparison.Ordinal));
        Assert.Contains("src=\"data:image/jpeg;base64,AQID\"", page, StringComparison.Ordinal);
    }

    [Fact]
    public void A_page_about_a_day_stays_small_enough_to_be_opened()
    {
        var video = new ScannedVideo("day.mp4", TimeSpan.FromSeconds(1));
        var random = new Random(1);
        for (var second = 0; second < 86_400; second++)
        {
            video.Add(new ScannedFrame(TimeSpan.FromSeconds(second), false, [Scored(random.NextDouble())]));
        }

        var page = ScanPage.Create(Report(video, Person));
        Assert.InRange(page.Length, 100_000, 12_000_000);
        Assert.Contains("The first 2000 of 86400 samples", page, StringComparison.Ordinal);
        Assert.Contains(" – 24:00:00  ", ScanText.Lines(Report(video, Person)).Last(), StringComparison.Ordinal);
    }

    private static ScannedVideo Video(params double[] scores)
    {
        var video = new ScannedVideo("clip.mp4", TimeSpan.FromSeconds(1)) { Length = TimeSpan.FromSeconds(scores.Length - 0.5) };
        foreach (var (second, score) in scores.Index())
        {
            video.Add(new ScannedFrame(TimeSpan.FromSeconds(second), false, [Scored(score)]));
        }

        return video;
    }

    private static ParsedAnswer Scored(double score) => new() { Value = score >= 0.5 ? "yes" : "no", Score = score };

    private static ScanReport Report(ScannedVideo video, params StandingQuestion[] questions) =>
        new("model", new ScanSettings(questions), new VideoSampling(TimeSpan.FromSeconds(1)), [video]);
}
