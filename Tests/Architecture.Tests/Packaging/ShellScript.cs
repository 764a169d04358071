using System.Diagnostics;

namespace MobileVlm.Edge.Architecture.Tests.Packaging;

/// <summary>Runs the scripts of this repository.</summary>
internal static class ShellScript
{
    /// <summary>Runs a script of the repository with bash.</summary>
    /// <param name="script">Its path from the repository's root.</param>
    /// <param name="arguments">Its arguments.</param>
    public static (int Code, string Output, string Errors) Run(string script, params string[] arguments) =>
        RunTool("bash", [Path.Combine(Repository.Root, script), .. arguments]);

    /// <summary>Runs a program in the repository's root.</summary>
    public static (int Code, string Output, string Errors) RunTool(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Repository.Root,
        })!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output.Trim(), errors.GetAwaiter().GetResult().Trim());
    }
}
