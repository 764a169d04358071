using System.Globalization;

namespace MobileVlm.Edge.Tests.Shared.Service;

/// <summary>The resources of a process, as Linux reports them.</summary>
/// <param name="ResidentBytes">Memory in RAM (<c>VmRSS</c>).</param>
/// <param name="OwnBytes">Of it, what is not mapped from files (<c>RssAnon</c>).</param>
/// <param name="Handles">Open files, sockets included.</param>
/// <param name="Threads">Threads.</param>
/// <param name="Children">Processes that it started and that run.</param>
internal sealed record ProcessStatus(long ResidentBytes, long OwnBytes, int Handles, int Threads, int Children)
{
    public static ProcessStatus Of(int process)
    {
        var folder = string.Create(CultureInfo.InvariantCulture, $"/proc/{process}");
        var lines = File.ReadLines(Path.Combine(folder, "status"))
            .Select(line => line.Split(':', 2)).ToDictionary(parts => parts[0], parts => parts[1].Trim().Split(' ')[0]);
        return new ProcessStatus(
            1024 * Number("VmRSS"),
            1024 * Number("RssAnon"),
            Directory.EnumerateFileSystemEntries(Path.Combine(folder, "fd")).Count(),
            (int)Number("Threads"),
            CountChildren(folder));

        long Number(string name) => long.Parse(lines[name], CultureInfo.InvariantCulture);
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
