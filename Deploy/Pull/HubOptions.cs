using MobileVlm.Edge.Connectors.Hub;
using MobileVlm.Edge.Deploy.Cli;

namespace MobileVlm.Edge.Deploy.Pull;

/// <summary>The hub that models are downloaded from, as options and the environment name it.</summary>
internal static class HubOptions
{
    /// <summary>The environment variable with the address of a hub or a mirror.</summary>
    public const string Variable = "MOBILEVLM_HUB";

    private const int LongestToken = 1000;

    /// <summary>Reads where models come from.</summary>
    /// <param name="address">The address; null for that of the environment, or the default.</param>
    /// <param name="tokenFile">A file whose first line is an access token; null for none.</param>
    /// <exception cref="UsageException">An address or a token cannot be used.</exception>
    public static HubSettings Read(string? address, string? tokenFile)
    {
        var (source, text) = address is not null
            ? ("--hub", address)
            : (Variable, Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } set ? set : HubSettings.DefaultAddress.ToString());
        if (!Uri.TryCreate(text, UriKind.Absolute, out var hub)
            || hub.Scheme is not ("http" or "https")
            || (hub.UserInfo + hub.Query + hub.Fragment).Length > 0)
        {
            throw new UsageException($"{source}: '{text}' is not the address of a hub. Write https://HOST, without user, query or fragment.");
        }

        var token = tokenFile is null ? null : ReadToken(tokenFile);
        if (token is not null && hub.Scheme == "http" && !hub.IsLoopback)
        {
            throw new UsageException($"{source}: a token is not sent over plain http to {hub.Host}. Use https, or leave --token-file out.");
        }

        return new HubSettings { Address = hub, Token = token };
    }

    private static string ReadToken(string file)
    {
        if (!File.Exists(file))
        {
            throw new UsageException(Directory.Exists(file)
                ? $"--token-file: {file} is a folder. Name a file whose first line is the token."
                : $"--token-file: {file} does not exist.");
        }

        var token = File.ReadLines(file).FirstOrDefault()?.Trim() ?? "";
        return token.Length is > 0 and <= LongestToken && token.All(c => c is > ' ' and < '\x7f')
            ? token
            : throw new UsageException($"--token-file: the first line of {file} is not a token.");
    }
}
