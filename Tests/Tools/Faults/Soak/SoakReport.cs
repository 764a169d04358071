using System.Globalization;

namespace MobileVlm.Edge.Tools.Faults.Soak;

/// <summary>Summarizes a soak run in numbers and as a plot.</summary>
internal static class SoakReport
{
    public static void Write(string csv, string png, TextWriter output)
    {
        var samples = SoakSample.ReadAll(csv);
        File.WriteAllBytes(png, SoakPlot.Draw(samples));

        // The first quarter is the warm-up of pools, the JIT and the runtime's own memory.
        var settled = samples.Skip(samples.Count / 4).ToList();
        var (early, late) = (settled.Take(settled.Count / 2).ToList(), settled.Skip(settled.Count / 2).ToList());
        Line("resident memory, MiB", it => it.ResidentMiB);
        Line("not mapped from files, MiB", it => it.OwnMiB);
        output.WriteLine($"the same, medians of five minutes: {string.Join(", ", MediansOfFiveMinutes(samples, it => it.OwnMiB))}");
        Line("file descriptors", it => it.Handles);
        Line("threads", it => it.Threads);
        Line("age at the answer, median, ms", it => it.AgeMedianMs);
        Line("age at the answer, 95th percentile, ms", it => it.Age95Ms);
        var last = samples[^1];
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{last.Seconds / 60:0.0} minutes: {last.Captured} frames captured, {last.Used} answered, {last.Replaced} dropped for a newer one, {last.Stale} for their age, {last.Failed} lost to errors; {samples.Sum(it => it.Answers)} answers, the oldest frame {samples.Max(it => it.AgeMaxMs):0} ms; {last.EventsDropped} events dropped"));

        // A mean hides a slow rise behind one high sample.
        static IEnumerable<string> MediansOfFiveMinutes(IReadOnlyList<SoakSample> all, Func<SoakSample, double> value) =>
            all.GroupBy(sample => (int)(sample.Seconds / 300))
                .Select(part => part.Select(value).Order().ElementAt(part.Count() / 2).ToString("0.0", CultureInfo.InvariantCulture));

        // A sample without an answer has no age.
        static double Mean(List<SoakSample> part, Func<SoakSample, double> value) => part.Select(value).Where(double.IsFinite).Average();

        void Line(string name, Func<SoakSample, double> value) => output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{name}: {Mean(early, value):0.0} in the earlier half after the first quarter, {Mean(late, value):0.0} in the later; largest {samples.Max(value):0.0}"));
    }
}
