using MobileVlm.Edge.Inference.Decoding;
using MobileVlm.Edge.Inference.Import;
using MobileVlm.Edge.Inference.Import.Precision;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Performance;
using MobileVlm.Edge.Inference.Sessions;

namespace MobileVlm.Edge.Inference.Tests.Sessions;

public sealed class MachineTuningTests
{
    [Theory]
    [InlineData("3 5 2 4 9 8 5", 3)]
    [InlineData("5 5 5 5 5 5 5", 4)]
    [InlineData("2 2 2 2 2 2 2", 1)]
    [InlineData("9 9 9 9 9 9 5", 32)]
    [InlineData("9 9 9 9 9 9 9", null)]
    [InlineData("3 3 3 3 3 3 6", null)]
    public void Prefill_weights_are_chosen_from_the_size_where_they_stay_faster(string seconds, int? expected)
    {
        int[] sizes = [1, 2, 3, 4, 8, 16, 32];
        double[] first = [6, 4, 3, 6, 9.5, 8.5, 6];
        var rows = sizes.Select((size, i) => new PassTimes(
            size,
            TimeSpan.FromSeconds(first[i]),
            TimeSpan.FromSeconds(double.Parse(seconds.Split(' ')[i], System.Globalization.CultureInfo.InvariantCulture)))).ToList();
        Assert.Equal(expected, MachineTuner.Choose(rows).PrefillFrom);
    }

    [Fact]
    public void A_measurement_on_this_machine_counts_and_settings_count_before_it()
    {
        using var temporary = new TemporaryFolder();
        var folder = Import(temporary, "w8a7");
        Assert.Equal(ExecutionSettings.DefaultMinPrefillTokens, From(folder, new ExecutionSettings(1)));
        new MachineTuning { MeasuredOn = MachineTuning.ThisMachine, PrefillFrom = 7 }.Write(folder);
        Assert.Equal(7, From(folder, new ExecutionSettings(1)));
        Assert.Equal(2, From(folder, new ExecutionSettings(1) { MinPrefillTokens = 2 }));
        Assert.Equal(int.MaxValue, From(folder, new ExecutionSettings(1) { UsePrefill = false }));
        new MachineTuning { MeasuredOn = MachineTuning.ThisMachine }.Write(folder);
        Assert.Equal(int.MaxValue, From(folder, new ExecutionSettings(1)));
        ModelFolder.Open(folder.FolderPath).Verify();
    }

    [Theory]
    [InlineData("""{ "measuredOn": "another machine", "prefillFrom": 9 }""")]
    [InlineData("""{ "prefillFrom": 9 }""")]
    [InlineData("{")]
    [InlineData("")]
    public void A_measurement_from_elsewhere_or_a_damaged_one_is_ignored(string text)
    {
        using var temporary = new TemporaryFolder();
        var folder = Import(temporary, "w8a7");
        File.WriteAllText(Path.Combine(folder.FolderPath, MachineTuning.FileName), text);
        Assert.Equal(ExecutionSettings.DefaultMinPrefillTokens, From(folder, new ExecutionSettings(1)));
    }

    [Fact]
    public void Both_sets_of_weights_are_timed_at_every_size()
    {
        using var temporary = new TemporaryFolder();
        var steps = new List<string>();
        var rows = MachineTuner.Measure(Import(temporary, "w8a8"), new ExecutionSettings(1), 1, steps.Add);
        Assert.Equal(MachineTuner.Sizes, rows.Select(row => row.Tokens));
        Assert.All(rows, row => Assert.True(row.Decode > TimeSpan.Zero && row.Prefill > TimeSpan.Zero));
        Assert.Equal(2 * MachineTuner.Sizes.Count, steps.Count);
    }

    private static ModelFolder Import(TemporaryFolder temporary, string prefill) => ModelImporter.Import(
        GoldenFolder.Path("mobilellama"), temporary["model"], PrecisionPlan.Parse("int8").WithPrefill(prefill));

    private static int From(ModelFolder folder, ExecutionSettings settings)
    {
        using var decoder = new LanguageDecoder(folder, settings);
        return decoder.MinPrefillTokens;
    }
}
