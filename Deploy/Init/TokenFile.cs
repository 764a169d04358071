using MobileVlm.Edge.Connectors.Http.Server;
using MobileVlm.Edge.Deploy.Cli;
using MobileVlm.Edge.Deploy.Doctor;

namespace MobileVlm.Edge.Deploy.Init;

/// <summary>Where the tokens of HTTP clients are.</summary>
internal static class TokenFile
{
    private const string Name = "http-tokens";

    /// <summary>The token file for an address, or null: other machines need a token, the page on this machine does not. It is below
    /// the state folder, because the service creates a token only there.</summary>
    /// <param name="listen">The address of the page and the API; null opens no port.</param>
    /// <param name="configuration">The full path of the configuration. That of the installed service has the unit's state
    /// folder.</param>
    /// <param name="stateFolder">The state folder of another file; null if none is given.</param>
    /// <exception cref="UsageException">Other machines can reach the address, and there is no state folder.</exception>
    public static string? For(string? listen, string configuration, string? stateFolder)
    {
        if (listen is null || (HttpAddresses.TryParseListen(listen, out var address) && HttpAddresses.IsLoopback(address.Address)))
        {
            return null;
        }

        var unit = ServiceUnit.Read();
        var folder = unit?.ConfigurationFile == configuration ? unit.StateFolder : stateFolder;
        return string.IsNullOrEmpty(folder)
            ? throw new UsageException(
                $"--http {listen} needs --state-folder DIR, because other machines need a token, which the service keeps there. Or listen at 127.0.0.1. Nothing was written.")
            : Path.Combine(folder, Name);
    }
}
