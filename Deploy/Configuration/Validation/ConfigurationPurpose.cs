namespace MobileVlm.Edge.Deploy.Configuration.Validation;

/// <summary>The purpose for which a configuration is read.</summary>
internal enum ConfigurationPurpose
{
    /// <summary>The service starts: a file that cannot be read is an error.</summary>
    Start,

    /// <summary>The configuration is reloaded: a setting that takes effect only after a restart and cannot be read now is a
    /// warning.</summary>
    Reload,

    /// <summary>A user checks a file: a file that this user may not read is a warning, because the service's user may be able to
    /// read it.</summary>
    Check,
}
