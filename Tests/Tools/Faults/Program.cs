using System.Globalization;
using MobileVlm.Edge.Tools.Faults;
using MobileVlm.Edge.Tools.Faults.Soak;

// The long runs. "dotnet test" does not call this.
switch (args)
{
    case ["soak", var minutes, var folder]:
        Directory.CreateDirectory(folder);
        var (count, waiting) = await SoakRun.RunAsync(
            TimeSpan.FromMinutes(double.Parse(minutes, CultureInfo.InvariantCulture)),
            Path.Combine(folder, "soak.csv"),
            Path.Combine(folder, "soak.log"));
        SoakReport.Write(Path.Combine(folder, "soak.csv"), Path.Combine(folder, "soak.png"), Console.Out);
        Console.WriteLine($"events: {count}; {waiting} wait in the outbox");
        return count.Missing == waiting && count.OutOfOrder == 0 ? 0 : 1;
    case ["plot", var csv, var png]:
        SoakReport.Write(csv, png, Console.Out);
        return 0;
    case ["faults", var kills, .. var only]:
        var seed = Environment.TickCount;
        var cases = FaultRun.All(int.Parse(kills, CultureInfo.InvariantCulture), seed)
            .Where(fault => only.Length == 0 || only.Any(word => fault.Name.Contains(word, StringComparison.OrdinalIgnoreCase)))
            .ToList();
        if (cases.Count == 0)
        {
            Console.Error.WriteLine($"No fault's name has '{string.Join("' or '", only)}'. Give a word of one, or none for all of them.");
            return 2;
        }

        return await FaultRun.RunAsync(cases, Console.Out) ? 0 : 1;
    default:
        Console.Error.WriteLine("faults KILLS [WORD...], soak MINUTES FOLDER, or plot CSV PNG");
        return 2;
}
