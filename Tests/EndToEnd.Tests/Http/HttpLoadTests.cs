using MobileVlm.Edge.Tools.HttpLoad;

namespace MobileVlm.Edge.EndToEnd.Tests.Http;

/// <summary>A short run of the load of <c>Tests/Tools/HttpLoad</c>. Ages are measured by command only, because other tests run
/// beside this one.</summary>
public sealed class HttpLoadTests
{
    [Fact]
    public async Task Standing_questions_and_chats_are_both_answered_under_load()
    {
        var report = await LoadRun.RunAsync(TimeSpan.FromSeconds(2), warmUp: TimeSpan.FromSeconds(1), viewers: 8, chats: 4, TextWriter.Null);
        Assert.NotEmpty(report.Before.Ages);
        Assert.NotEmpty(report.Loaded.Ages);
        Assert.NotEmpty(report.After.Ages);
        Assert.True(report.Counts.Chats > 0, "No chat was answered.");
        Assert.Equal(0, report.Counts.Refused);
        Assert.True(report.Counts.Pictures > 0, "The viewers saw no pictures.");
    }
}
