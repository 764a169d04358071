namespace MobileVlm.Edge.Deploy.Configuration;

/// <summary>For what a configuration is read.</summary>
internal enum ConfigurationStrictness
{
    /// <summary>For a start: what cannot be read is an error.</summary>
    Start,

    /// <summary>For a reload: what counts after a restart only, and cannot be read now, is a warning.</summary>
    Reload,

    /// <summary>To check a file by hand: what this user may not read is a warning, since the service's user perhaps
    /// may.</summary>
    Check,
}
