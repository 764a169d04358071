using System.Globalization;
using System.Text.RegularExpressions;

namespace MobileVlm.Edge.EndToEnd.Tests.Commands;

/// <summary>The memory that an import of a model of published size needs, measured with the built command.</summary>
public sealed class RealSizeTests
{
    /// <summary>The limit in bytes: any device that can run a model must be able to import it, with the loss report.</summary>
    private const long MaxMemory = 1500L * 1024 * 1024;

    [RealSizeTheory]
    [InlineData("int4")]
    [InlineData("fp32")]
    public async Task Importing_takes_less_memory_than_promised(string precision)
    {
        var folder = Path.Combine(RealSizeTheoryAttribute.Folder, $"real-size-{precision}");
        Directory.CreateDirectory(folder);
        try
        {
            var checkpoint = Path.Combine(folder, "checkpoint");
            await using (var synth = EdgeProcess.Start("model", "synth", "mobilevlm-v2-1.7b", checkpoint))
            {
                Assert.Equal(0, await synth.ExitAsync(TimeSpan.FromMinutes(10)));
            }

            await using var import = EdgeProcess.Start("model", "import", checkpoint, Path.Combine(folder, "model"), "--precision", precision);
            var peak = 0L;
            while (!import.HasExited)
            {
                peak = Math.Max(peak, Peak(import.Id));
                await Task.Delay(200);
            }

            Assert.Equal(0, await import.ExitAsync());
            Assert.InRange(peak, 1, MaxMemory);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>The peak of resident bytes so far; 0 if the process has ended.</summary>
    private static long Peak(int process)
    {
        try
        {
            var status = File.ReadAllText($"/proc/{process.ToString(CultureInfo.InvariantCulture)}/status");
            var found = Regex.Match(status, @"VmHWM:\s*(\d+)");
            return found.Success ? 1024 * long.Parse(found.Groups[1].Value, CultureInfo.InvariantCulture) : 0;
        }
        catch (IOException)
        {
            return 0;
        }
    }
}

/// <summary>A test that writes gigabytes. It is reported as skipped unless an environment variable names a folder with
/// 10 GB of free space on Linux.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class RealSizeTheoryAttribute : TheoryAttribute
{
    private const string Variable = "MOBILEVLM_REAL_SIZE";

    public RealSizeTheoryAttribute()
    {
        if (!Directory.Exists(Folder))
        {
            Skip = $"{Variable} names no folder; each case writes up to 10 GB.";
        }
    }

    public static string Folder => Environment.GetEnvironmentVariable(Variable) ?? "";
}
