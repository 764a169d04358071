namespace MobileVlm.Edge.Deploy.Cli;

/// <summary>Exit codes of the program.</summary>
internal static class ExitCode
{
    public const int Done = 0;

    /// <summary>The call was correct and failed.</summary>
    public const int Failed = 1;

    /// <summary>Wrong usage or configuration; the same call fails again.</summary>
    public const int Usage = 2;
}
