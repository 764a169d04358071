using MobileVlm.Edge.Connectors.Http.Server;
using MobileVlm.Edge.Deploy.Doctor;

namespace MobileVlm.Edge.Deploy.Init;

/// <summary>Where the tokens of HTTP clients are.</summary>
internal static class TokenFile
{
    private const string Name = "http-tokens";

    /// <summary>The token file for an address, or null: other machines need a token, the page on this machine does not.</summary>
    /// <param name="listen">The address of the page and the API; null opens no port.</param>
    /// <param name="configuration">The full path of the configuration. The installed service can write only into its state
    /// folder; for other files, the tokens are beside the configuration.</param>
    public static string? For(string? listen, string configuration)
    {
        if (listen is null || (HttpAddresses.TryParseListen(listen, out var address) && HttpAddresses.IsLoopback(address.Address)))
        {
            return null;
        }

        var unit = ServiceUnit.Read();
        return Path.Combine(unit?.ConfigurationFile == configuration && unit.StateFolder is { } state ? state : Path.GetDirectoryName(configuration)!, Name);
    }
}
