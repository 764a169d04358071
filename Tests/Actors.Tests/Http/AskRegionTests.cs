using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Connectors.Http.Api;
using MobileVlm.Edge.Connectors.Http.Server;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;

namespace MobileVlm.Edge.Actors.Tests.Http;

/// <summary>Ad-hoc questions about parts of a picture.</summary>
public sealed class AskRegionTests
{
    private const string Top = "0,0 1,0 1,0.5 0,0.5";
    private const string Bottom = "0,0.5 1,0.5 1,1 0,1";

    private static readonly AskQuestion What = new("What is it?", AnswerType.Text, []);

    [Fact]
    public async Task Questions_about_different_parts_of_a_picture_get_an_encoding_each()
    {
        await using var rig = new EdgeRig();
        rig.Settings = rig.Settings with { RunsWithoutCameras = true };
        await rig.StartAsync();

        var answers = await rig.Edge.Cameras.AskAsync(
            null,
            "7"u8.ToArray(),
            [What, What with { Ask = "And there?", Region = Top }, What with { Ask = "And below?", Mask = [Bottom] }, What with { Ask = "Again?", Region = Top }],
            Eventually.Patience,
            CancellationToken.None);

        Assert.All(answers, answer => Assert.Equal("frame 7", answer.Value));
        Assert.Equal(3, rig.Engine.Done.Items.Count(done => done == "encode 7"));
    }

    [Theory]
    [InlineData(Top, null)]
    [InlineData(null, Top)]
    public async Task A_question_about_another_part_than_the_standing_ones_is_answered_about_the_same_frame(string? standing, string? asked)
    {
        var person = new StandingQuestion("person", "person", QuestionKind.YesNo, EdgeRig.Always)
        {
            Region = standing is null ? null : new FrameRegion(RegionPolygon.Parse(standing), []),
        };
        await using var rig = await new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always) with { Questions = [person] }).StartAsync();
        rig.Engine.OnAnswer = (sequence, question) => question.Text == "person" ? "0.9" : $"frame {sequence}";
        var asking = rig.Edge.Cameras.AskAsync("gate", null, [What with { Region = asked }], Eventually.Patience, CancellationToken.None);

        rig.Camera.Push();
        var answer = Assert.Single(await asking);

        Assert.Equal(("frame 1", 1), (answer.Value, answer.Frame));
        Assert.Equal(["encode 1", "encode 1"], rig.Engine.Done.Items.Where(done => done == "encode 1"));
    }

    [Fact]
    public async Task Questions_about_many_parts_have_their_turn_while_standing_questions_go_on()
    {
        await using var rig = await new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always)).StartAsync();
        string[] regions = [Top, "0,0 1,0 1,0.6 0,0.6", "0,0 1,0 1,0.7 0,0.7", "0,0 1,0 1,0.8 0,0.8"];
        var asking = rig.Edge.Cameras.AskAsync(
            "gate", null, [.. regions.Select(region => What with { Region = region })], Eventually.Patience, CancellationToken.None);

        rig.Play(rig.Camera, TimeSpan.FromMilliseconds(2));

        Assert.Equal(4, (await asking).Count);
        await rig.Answers.UntilCountAsync(2);
    }

    [Fact]
    public async Task Parts_of_a_frame_that_many_ask_about_do_not_come_twice_before_the_standing_questions()
    {
        await using var rig = await new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always)).StartAsync();

        // A newer frame waits whenever one is encoded.
        rig.Engine.OnEncode = _ => rig.Camera.Push();
        string[] regions = [.. Enumerable.Range(50, 16).Select(height => $"0,0 1,0 1,0.{height} 0,0.{height}")];
        var asking = rig.Edge.Cameras.AskAsync(
            "gate", null, [.. regions.Select(region => What with { Region = region })], Eventually.Patience, CancellationToken.None);

        rig.Camera.Push();
        Assert.Equal(16, (await asking).Count);
        Assert.InRange(rig.Answers.Items.Count, 12, int.MaxValue);
    }

    [Theory]
    [InlineData("region")]
    [InlineData("mask")]
    public async Task A_text_that_is_not_a_polygon_is_refused_by_name(string member)
    {
        await using var rig = await new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Once)).StartAsync();
        var question = member == "region" ? What with { Region = "0,0 2,2" } : What with { Mask = ["here"] };

        var refused = await Assert.ThrowsAsync<HttpFailureException>(
            () => rig.Edge.Cameras.AskAsync("gate", null, [question], Eventually.Patience, CancellationToken.None));

        Assert.Equal((400, member), (refused.Status, refused.Parameter));
        Assert.Contains("0,0.5 1,0.5", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_part_of_which_the_masks_leave_nothing_is_unknown_with_a_reason()
    {
        await using var rig = new EdgeRig();
        rig.Settings = rig.Settings with { RunsWithoutCameras = true };
        await rig.StartAsync();

        var answer = Assert.Single(await rig.Edge.Cameras.AskAsync(
            null, "7"u8.ToArray(), [What with { Region = Top, Mask = ["0,0 1,0 1,1 0,1"] }], Eventually.Patience, CancellationToken.None));

        Assert.Equal("unknown", answer.Value);
        Assert.Contains("leave nothing", answer.Reason, StringComparison.Ordinal);
        Assert.DoesNotContain(rig.Engine.Done.Items, done => done.StartsWith("ask", StringComparison.Ordinal));
    }
}
