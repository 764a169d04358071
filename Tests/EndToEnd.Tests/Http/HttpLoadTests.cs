using MobileVlm.Edge.Tools.HttpLoad;

namespace MobileVlm.Edge.EndToEnd.Tests.Http;

/// <summary>A short run of the load of <c>Tests/Tools/HttpLoad</c>. Ages are measured by command only, because other tests run
/// beside this one.</summary>
public sealed class HttpLoadTests
{
    [Fact]
    public async Task Standing_questions_and_chats_are_both_answered_under_load()
    {
        // Ends only when each part has its answers, and the load its chats and pictures.
        var report = await LoadRun.RunAsync(LoadPace.Counted(answers: 5), viewers: 8, chats: 4, TextWriter.Null);

        Assert.All((LoadPart[])[report.Before, report.Loaded, report.After], part => Assert.True(part.Ages.Count >= 5 && part.Ages[0] >= 0, part.ToString()));
        Assert.Equal(0, report.Counts.Refused);
    }
}
