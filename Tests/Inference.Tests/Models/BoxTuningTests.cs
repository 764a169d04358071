using MobileVlm.Edge.Inference.Decoding;
using MobileVlm.Edge.Inference.Import;
using MobileVlm.Edge.Inference.Import.Precision;
using MobileVlm.Edge.Inference.Machine;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Sessions;
using MobileVlm.Edge.Inference.Tests.Checkpoints;

namespace MobileVlm.Edge.Inference.Tests.Models;

public sealed class BoxTuningTests
{
    [Theory]
    [InlineData("3 5 2 4 9 8 5", 3)]
    [InlineData("5 5 5 5 5 5 5", 4)]
    [InlineData("2 2 2 2 2 2 2", 1)]
    [InlineData("9 9 9 9 9 9 5", 32)]
    [InlineData("9 9 9 9 9 9 9", null)]
    [InlineData("3 3 3 3 3 3 6", null)]
    public void The_second_set_is_taken_from_where_it_stays_quicker(string seconds, int? expected)
    {
        int[] sizes = [1, 2, 3, 4, 8, 16, 32];
        double[] first = [6, 4, 3, 6, 9.5, 8.5, 6];
        var rows = sizes.Select((size, i) => new TunedRows(
            size,
            TimeSpan.FromSeconds(first[i]),
            TimeSpan.FromSeconds(double.Parse(seconds.Split(' ')[i], System.Globalization.CultureInfo.InvariantCulture)))).ToList();
        Assert.Equal(expected, MachineTuner.Choose(rows).PrefillFrom);
    }

    [Fact]
    public void What_was_measured_here_decides_and_settings_decide_before_it()
    {
        using var temporary = new TemporaryFolder();
        var folder = Import(temporary, "w8a7");
        Assert.Equal(ExecutionSettings.UsualPrefillFrom, From(folder, new ExecutionSettings(1)));
        new MachineTuning { MeasuredOn = MachineTuning.ThisMachine, PrefillFrom = 7 }.Write(folder);
        Assert.Equal(7, From(folder, new ExecutionSettings(1)));
        Assert.Equal(2, From(folder, new ExecutionSettings(1) { PrefillFrom = 2 }));
        Assert.Equal(int.MaxValue, From(folder, new ExecutionSettings(1) { UsePrefill = false }));
        new MachineTuning { MeasuredOn = MachineTuning.ThisMachine }.Write(folder);
        Assert.Equal(int.MaxValue, From(folder, new ExecutionSettings(1)));
        ModelFolder.Open(folder.FolderPath).Verify();
    }

    [Theory]
    [InlineData("""{ "measuredOn": "another box", "prefillFrom": 9 }""")]
    [InlineData("""{ "prefillFrom": 9 }""")]
    [InlineData("{")]
    [InlineData("")]
    public void What_was_measured_elsewhere_or_is_damaged_is_as_if_it_were_not_there(string text)
    {
        using var temporary = new TemporaryFolder();
        var folder = Import(temporary, "w8a7");
        File.WriteAllText(Path.Combine(folder.FolderPath, MachineTuning.FileName), text);
        Assert.Equal(ExecutionSettings.UsualPrefillFrom, From(folder, new ExecutionSettings(1)));
    }

    [Fact]
    public void Both_sets_are_timed_at_every_size()
    {
        using var temporary = new TemporaryFolder();
        var said = new List<string>();
        var rows = MachineTuner.Measure(Import(temporary, "w8a8"), new ExecutionSettings(1), 1, said.Add);
        Assert.Equal(MachineTuner.Sizes, rows.Select(row => row.Tokens));
        Assert.All(rows, row => Assert.True(row.First > TimeSpan.Zero && row.Second > TimeSpan.Zero));
        Assert.Equal(2 * MachineTuner.Sizes.Count, said.Count);
    }

    private static ModelFolder Import(TemporaryFolder temporary, string prefill) => ModelImporter.Import(
        GoldenFolder.Path("mobilellama"), temporary["model"], PrecisionPlan.Parse("int8").WithPrefill(prefill));

    private static int From(ModelFolder folder, ExecutionSettings settings)
    {
        using var decoder = new LanguageDecoder(folder, settings);
        return decoder.PrefillFrom;
    }
}
