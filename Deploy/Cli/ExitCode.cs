namespace MobileVlm.Edge.Deploy.Cli;

/// <summary>The exit codes of the program.</summary>
internal static class ExitCode
{
    public const int Done = 0;

    /// <summary>The command was valid and failed.</summary>
    public const int Failed = 1;

    /// <summary>Wrong usage or configuration: the same call would fail again.</summary>
    public const int Usage = 2;
}
