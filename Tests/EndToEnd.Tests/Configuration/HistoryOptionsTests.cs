namespace MobileVlm.Edge.EndToEnd.Tests.Configuration;

public sealed class HistoryOptionsTests : IDisposable
{
    private readonly ConfigurationFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    private static string History(string history, string more = "") => ConfigurationFixture.Small(more: $$""", "History": { {{history}} } {{more}}""");

    [Fact]
    public void Without_a_folder_nothing_is_stored()
    {
        Assert.Null(_fixture.Read(ConfigurationFixture.Small()).ToHistorySettings());
        var without = _fixture.Read(History("\"MaxDays\": 3"));
        Assert.Null(without.ToHistorySettings());
        Assert.Contains(without.Warnings, warning => warning.Key == "MobileVlm:History");
    }

    [Fact]
    public void Limits_are_megabytes_and_days()
    {
        var settings = _fixture.Read(History("\"Folder\": \"/data/history\", \"MaxMegabytes\": 100, \"MaxDays\": 3, \"MinFreeMegabytes\": 7")).ToHistorySettings()!;
        Assert.Equal(
            ("/data/history", 100_000_000, TimeSpan.FromDays(3), 7_000_000),
            (settings.Folder, settings.MaxBytes, settings.MaxAge, settings.MinFreeBytes));
    }

    [Theory]
    [InlineData("\"Folder\": \"/state/\"", "History:Folder", "a folder in it would be accepted")]
    [InlineData("\"Folder\": \"/data\", \"MaxMegabytes\": 15", "History:MaxMegabytes", "16")]
    [InlineData("\"Folder\": \"/data\", \"MaxDays\": 0", "History:MaxDays", "1")]
    public void A_wrong_history_is_an_error_of_its_key(string history, string key, string expected)
    {
        var error = _fixture.Error(History(history, ", \"StateFolder\": \"/state\""));
        Assert.Equal($"MobileVlm:{key}", error.Key);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }
}
