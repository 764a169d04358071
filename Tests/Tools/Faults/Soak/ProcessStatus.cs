using System.Globalization;

namespace MobileVlm.Edge.Tools.Faults.Soak;

/// <summary>The resources of a process, as Linux reports them.</summary>
internal sealed record ProcessStatus(double ResidentMiB, double OwnMiB, int Handles, int Threads, int Children)
{
    public static ProcessStatus Of(int process)
    {
        var folder = string.Create(CultureInfo.InvariantCulture, $"/proc/{process}");
        var lines = File.ReadLines(Path.Combine(folder, "status"))
            .Select(line => line.Split(':', 2)).ToDictionary(parts => parts[0], parts => parts[1].Trim().Split(' ')[0]);
        return new ProcessStatus(
            Number("VmRSS") / 1024,
            Number("RssAnon") / 1024,
            Directory.EnumerateFileSystemEntries(Path.Combine(folder, "fd")).Count(),
            (int)Number("Threads"),
            CountChildren(folder));

        double Number(string name) => double.Parse(lines[name], CultureInfo.InvariantCulture);
    }

    private static int CountChildren(string folder)
    {
        var children = 0;
        foreach (var task in Directory.EnumerateDirectories(Path.Combine(folder, "task")))
        {
            try
            {
                children += File.ReadAllText(Path.Combine(task, "children")).Split(' ', StringSplitOptions.RemoveEmptyEntries).Length;
            }
            catch (IOException gone)
            {
                // The thread has ended meanwhile.
                _ = gone;
            }
        }

        return children;
    }
}
