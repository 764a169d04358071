using System.Globalization;

namespace MobileVlm.Edge.Inference.Machine;

/// <summary>A processor as the system numbers it.</summary>
/// <param name="Number">The system's number, from 0.</param>
/// <param name="Core">Equal for those that share one core's arithmetic units.</param>
/// <param name="Capacity">Computing power: 1024 for the strongest where the system rates them (<c>cpu_capacity</c>), else
/// the highest frequency in kHz; 0 where the system reports neither.</param>
internal readonly record struct Cpu(int Number, (string Package, string Core) Core, long Capacity);

/// <summary>The processors that this process may use, from <c>/sys/devices/system/cpu</c>.</summary>
public sealed class CpuTopology
{
    /// <summary>Processors below this share of the strongest are little cores. All threads of a product wait for the
    /// slowest, so one at a third of the speed costs more than it gains; the middle cores of phones have 70 % and
    /// more.</summary>
    private const double BigShare = 0.6;

    private const string SystemFolder = "/sys/devices/system/cpu";
    private const string StatusFile = "/proc/self/status";

    private static readonly Lazy<CpuTopology> Current = new(() => Read(SystemFolder, StatusFile));

    private CpuTopology(IReadOnlyList<Cpu> cpus)
    {
        Allowed = [.. cpus.Select(cpu => cpu.Number)];
        var strongest = cpus.Select(cpu => cpu.Capacity).DefaultIfEmpty().Max();
        Cpu[] big = [.. cpus.Where(cpu => cpu.Capacity >= BigShare * strongest)];
        IsMixed = big.Length < cpus.Count;

        // Two threads of one core share its arithmetic units, so the second one would only wait. The strongest first.
        BigCores = [.. big
            .GroupBy(cpu => cpu.Core)
            .Select(core => core.MinBy(cpu => cpu.Number))
            .OrderByDescending(cpu => cpu.Capacity)
            .ThenBy(cpu => cpu.Number)
            .Select(cpu => cpu.Number)];
    }

    /// <summary>The machine that this program runs on, read once.</summary>
    public static CpuTopology ThisMachine => Current.Value;

    /// <summary>Numbers of the processors that this process may use.</summary>
    public IReadOnlyList<int> Allowed { get; }

    /// <summary>Whether there are big and little cores.</summary>
    public bool IsMixed { get; }

    /// <summary>Numbers of one processor of each big core, the strongest first; of each core where all are equal.</summary>
    public IReadOnlyList<int> BigCores { get; }

    /// <summary>Numbers as the system lists them: <c>0-3,6</c>.</summary>
    /// <exception cref="FormatException">The text is not such a list.</exception>
    public static IReadOnlyList<int> ParseList(string text)
    {
        var numbers = new SortedSet<int>();
        foreach (var range in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var ends = range.Split('-', 2);
            if (!TryNumber(ends[0], out var first) || !TryNumber(ends[^1], out var last) || last < first)
            {
                throw new FormatException($"'{range}' is neither a number nor a range of numbers like 4-7.");
            }

            numbers.UnionWith(Enumerable.Range(first, last - first + 1));
        }

        return numbers.Count > 0 ? [.. numbers] : throw new FormatException("The list is empty.");
    }

    /// <summary>Reads another machine's files; where nothing can be read, as many equal processors as .NET counts.</summary>
    internal static CpuTopology Read(string folder, string statusFile)
    {
        try
        {
            var cpus = Directory.Exists(folder) ? Processors(folder, statusFile) : [];
            return new CpuTopology(cpus.Count > 0 ? cpus : EqualProcessors());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Hidden in some containers; the number of processors is the next best answer.
            return new CpuTopology(EqualProcessors());
        }
    }

    private static List<Cpu> Processors(string folder, string statusFile)
    {
        var online = FirstLine(Path.Combine(folder, "online")) is { } list ? ParseList(list) : null;
        var allowed = File.Exists(statusFile)
            ? File.ReadLines(statusFile).FirstOrDefault(line => line.StartsWith("Cpus_allowed_list:", StringComparison.Ordinal))
            : null;
        var mine = allowed is null ? null : ParseList(allowed.Split(':')[1]);
        return [.. Directory.EnumerateDirectories(folder, "cpu*")
            .Select(path => (Path: path, Number: NumberOf(path)))
            .Where(cpu => cpu.Number is { } n && online?.Contains(n) != false && mine?.Contains(n) != false)
            .OrderBy(cpu => cpu.Number)
            .Select(cpu => new Cpu(cpu.Number!.Value, CoreOf(cpu.Path, cpu.Number.Value), CapacityOf(cpu.Path)))];
    }

    private static List<Cpu> EqualProcessors() =>
        [.. Enumerable.Range(0, Environment.ProcessorCount).Select(i => new Cpu(i, ("", i.ToString(CultureInfo.InvariantCulture)), 0))];

    private static int? NumberOf(string path) => TryNumber(Path.GetFileName(path)[3..], out var number) ? number : null;

    private static (string Package, string Core) CoreOf(string cpu, int number)
    {
        var core = FirstLine(Path.Combine(cpu, "topology", "core_id"));
        return core is null
            ? ("", number.ToString(CultureInfo.InvariantCulture))
            : (FirstLine(Path.Combine(cpu, "topology", "physical_package_id")) ?? "", core);
    }

    /// <summary>The rating includes work per cycle; by frequency alone an efficient core could count as a fast
    /// one.</summary>
    private static long CapacityOf(string cpu) =>
        long.TryParse(FirstLine(Path.Combine(cpu, "cpu_capacity")), CultureInfo.InvariantCulture, out var rated) ? rated
        : long.TryParse(FirstLine(Path.Combine(cpu, "cpufreq", "cpuinfo_max_freq")), CultureInfo.InvariantCulture, out var frequency) ? frequency
        : 0;

    private static string? FirstLine(string path) => File.Exists(path) ? File.ReadLines(path).FirstOrDefault()?.Trim() : null;

    private static bool TryNumber(string text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number < MaxProcessors;

    /// <summary>Size in bits of the kernel's mask that <see cref="ThreadAffinity"/> fills.</summary>
    internal const int MaxProcessors = 1024;
}
