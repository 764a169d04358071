namespace MobileVlm.Edge.Deploy.Commands;

/// <summary>What a run tells the shell or systemd.</summary>
internal static class ExitCode
{
    public const int Done = 0;

    /// <summary>It was asked rightly and did not work out.</summary>
    public const int Failed = 1;

    /// <summary>Wrong usage or configuration; the same call fails again.</summary>
    public const int Usage = 2;
}
