using System.Diagnostics;

namespace MobileVlm.Edge.Inference.Tests.Evaluation;

/// <summary>A test that needs trained weights, which are too large for this repository: a folder with a small LLaMA model, a
/// script that writes it as a checkpoint, token ids of texts, and what PyTorch computes for them. It is reported as skipped where
/// the folder, or Python with numpy for its script, is missing.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class RealWeightsFactAttribute : FactAttribute
{
    public const string Variable = "MOBILEVLM_REAL_WEIGHTS";

    private const string Script = "to_checkpoint.py";

    private static readonly string? PythonPath = FindPython();

    public RealWeightsFactAttribute()
    {
        if (Folder is null)
        {
            Skip = $"There are no trained weights: neither does {Variable} name a folder with {Script}, nor is ../shared/real one.";
        }
        else if (PythonPath is null)
        {
            Skip = $"{Script} needs python3 with numpy.";
        }
    }

    /// <summary>The folder; null where there is none.</summary>
    public static string? Folder { get; } = new[] { Environment.GetEnvironmentVariable(Variable), GoldenFolder.Path("..", "..", "..", "shared", "real") }
        .FirstOrDefault(folder => folder is not null && File.Exists(Path.Combine(folder, Script)));

    /// <summary>Writes the checkpoint.</summary>
    public static void WriteCheckpoint(string folder)
    {
        using var python = Process.Start(new ProcessStartInfo(PythonPath!, [Path.Combine(Folder!, Script), folder]) { RedirectStandardOutput = true })!;
        python.StandardOutput.ReadToEnd();
        python.WaitForExit();
        Assert.Equal(0, python.ExitCode);
    }

    private static string? FindPython() => Folder is null ? null : Array.Find(["python3", "/usr/bin/python3"], HasNumpy);

    private static bool HasNumpy(string python)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(python, ["-c", "import numpy"]) { RedirectStandardError = true })!;
            process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
