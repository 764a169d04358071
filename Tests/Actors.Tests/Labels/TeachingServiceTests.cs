using System.Globalization;
using System.Text;
using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Connectors.Http.Api;
using MobileVlm.Edge.Connectors.Http.Server;
using MobileVlm.Edge.Connectors.Storage;
using MobileVlm.Edge.Connectors.Storage.Labels;
using MobileVlm.Edge.Inference.Teaching.Features;
using MobileVlm.Edge.Inference.Teaching.Files;

namespace MobileVlm.Edge.Actors.Tests.Labels;

/// <summary>A whole service on a fake engine, whose features tell frames of 1000 and above from the others and whose scores do not.</summary>
public sealed class TeachingServiceTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_question_is_learned_from_its_labels_as_a_new_version()
    {
        await using var rig = await RigAsync();
        Label(rig, yes: 8, no: 8);

        Assert.Equal(LearningStatus.Waiting, (await TeachAsync(rig)).Status);
        var result = (await EndAsync(rig)).Result!;

        Assert.Equal((1, "head"), (result.Version!.Value, result.Chosen));
        Assert.True(result.Estimate.Accuracy > 0.9);
        Assert.Equal(new Dictionary<string, int> { ["no"] = 8, ["yes"] = 8 }, result.Labels);
        var version = Assert.Single((await rig.Edge.Teaching.VersionsAsync("gate", "person", CancellationToken.None)).Versions);
        Assert.Equal((1, "head", result.Estimate), (version.Number, version.Chosen, version.Estimate));
        Assert.Equal("person", TaughtFile.Read(version.File).Question.Text);

        // The pictures are known by now.
        var asked = rig.Engine.Done.Items.Count(done => done.StartsWith("encode ", StringComparison.Ordinal));
        await TeachAsync(rig);
        Assert.Equal(2, (await EndAsync(rig)).Result!.Version);
        Assert.Equal(asked, rig.Engine.Done.Items.Count(done => done.StartsWith("encode ", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_wrong_label_is_suspected_and_a_picture_that_cannot_be_read_is_named()
    {
        await using var rig = await RigAsync();
        Label(rig, yes: 8, no: 8);
        Set(rig, "wrong", "no", "1099");
        Set(rig, "broken", "no", "no picture");

        await TeachAsync(rig);
        var result = (await EndAsync(rig)).Result!;

        Assert.Equal(["wrong"], result.Suspects);
        Assert.Equal(["broken"], result.Unreadable);
    }

    [Fact]
    public async Task The_estimate_follows_each_label_and_writes_no_version()
    {
        await using var rig = await RigAsync();
        Label(rig, yes: 4, no: 4);

        await rig.Edge.Labels.SetAsync(new LabelRequest("gate", "person", new LabelFrame { Id = "no0" }, "no", LabelSource.Http), CancellationToken.None);

        var result = (await EndAsync(rig)).Result!;
        Assert.Null(result.Version);
        Assert.Equal(8, result.Labels.Values.Sum());
        Assert.Empty((await rig.Edge.Teaching.VersionsAsync("gate", "person", CancellationToken.None)).Versions);
    }

    [Fact]
    public async Task Too_few_labels_and_a_model_without_hidden_states_are_refused_with_the_remedy()
    {
        await using var rig = await RigAsync(hasFeatures: false);
        Label(rig, yes: 4, no: 3);
        var few = await Assert.ThrowsAsync<HttpFailureException>(() => TeachAsync(rig));
        Assert.Equal("not enough labels: 3 for 'no', 4 for 'yes'; each answer needs at least 4", few.Message);

        Label(rig, yes: 4, no: 4);
        await TeachAsync(rig);
        Assert.Contains("import it again", (await EndAsync(rig)).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Standing_questions_come_first_and_what_is_learned_can_be_cancelled()
    {
        // On a clock that stands still, nothing of low priority runs while a standing question is answered or waits.
        await using var rig = await RigAsync(time: new FakeTime());
        Label(rig, yes: 4, no: 4);
        var holding = rig.HoldAnswers();
        rig.Camera.Push();
        await holding.Reached;

        // While a standing question is answered, labelled pictures and another frame wait.
        await TeachAsync(rig);
        rig.Camera.Push();
        holding.Open();
        await rig.Answers.UntilCountAsync(2);
        var encoded = rig.Engine.Done.Items.Where(done => done.StartsWith("encode ", StringComparison.Ordinal)).ToList();
        Assert.Equal(["encode 1", "encode 2"], encoded.Take(2));

        rig.Edge.Teaching.Cancel("gate", "person");
        var end = await EndAsync(rig);
        Assert.True(end.Status is LearningStatus.Cancelled or LearningStatus.Done);
    }

    private static Task<LearningState> TeachAsync(EdgeRig rig) => rig.Edge.Teaching.TeachAsync("gate", "person", CancellationToken.None);

    private static async Task<LearningState> EndAsync(EdgeRig rig)
    {
        await Eventually.TrueAsync(() => rig.Edge.Teaching.State("gate", "person") is { IsRunning: false, Status: not LearningStatus.Idle }, "learning ends");
        return rig.Edge.Teaching.State("gate", "person");
    }

    private static void Label(EdgeRig rig, int yes, int no)
    {
        for (var i = 0; i < yes; i++)
        {
            Set(rig, $"yes{i}", "yes", (1000 + i).ToString(CultureInfo.InvariantCulture));
        }

        for (var i = 0; i < no; i++)
        {
            Set(rig, $"no{i}", "no", (100 + i).ToString(CultureInfo.InvariantCulture));
        }
    }

    private static void Set(EdgeRig rig, string id, string value, string picture) =>
        rig.Labels!.Set("gate", "person", new StoredLabel(id, value, null), Encoding.ASCII.GetBytes(picture));

    private async Task<EdgeRig> RigAsync(bool hasFeatures = true, TimeProvider? time = null)
    {
        var rig = new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always))
        {
            Labels = new LabelFiles(_folder["labels"], 1000, new FileSteps()),
            Time = time ?? TimeProvider.System,
        };
        rig.Settings = rig.Settings with { StateFolder = _folder["state"] };
        rig.Engine.OnAnswer = (frame, _) => (frame % 7 / 10.0).ToString(CultureInfo.InvariantCulture);
        rig.Engine.OnFeatures = hasFeatures ? Features : null;
        return await rig.StartAsync();
    }

    private static Dictionary<FeatureKinds, float[]> Features(long frame) => FeatureGroups.All.Each().ToDictionary(
        kind => kind, kind => new[] { frame >= 1000 ? 1f : -1f, frame % 5 * 0.1f, frame % 3 * 0.1f });
}
