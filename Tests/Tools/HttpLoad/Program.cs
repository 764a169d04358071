using System.Globalization;
using MobileVlm.Edge.Tools.HttpLoad;

// The long runs against the HTTP server. "dotnet test" does not call this.
switch (args)
{
    case ["hostile", var count, .. var seed]:
        var report = await HostileRun.RunAsync(
            int.Parse(count, CultureInfo.InvariantCulture),
            seed is [var given] ? int.Parse(given, CultureInfo.InvariantCulture) : 1,
            Console.Error);
        report.Write(Console.Out);
        return report.Problems.Count == 0 ? 0 : 1;
    case ["load", var seconds]:
        var load = await LoadRun.RunAsync(
            LoadPace.Timed(warmUp: TimeSpan.FromSeconds(5), each: TimeSpan.FromSeconds(double.Parse(seconds, CultureInfo.InvariantCulture))),
            viewers: 8,
            chats: 4,
            Console.Error);
        load.Write(Console.Out);
        return load.IsWithinOneCycle ? 0 : 1;
    default:
        Console.Error.WriteLine("hostile COUNT [SEED], or load SECONDS");
        return 2;
}
