using System.Net.Sockets;
using MobileVlm.Edge.Connectors.Http.Server;
using MobileVlm.Edge.Deploy.Configuration;

namespace MobileVlm.Edge.Deploy.Doctor;

/// <summary>Checks what the HTTP server needs, and reports who can reach it.</summary>
internal static class HttpChecks
{
    public static IEnumerable<Finding> Run(EdgeConfiguration configuration)
    {
        if (configuration.ToHttpSettings() is not { } settings)
        {
            yield break;
        }

        var reach = settings.IsLoopback ? "this machine only" : "other machines too";
        var tokens = settings.TokenFile is null ? "without a token" : "with a token";
        yield return FindPortError(settings) is { } error
            ? Finding.Note("http", $"{settings.Listen}: {error}", "If the service runs already, this is its port.")
            : Finding.Fine("http", $"{settings.Listen} is free; {reach}, {tokens}");
        if (settings.OpenTo.Count > 0)
        {
            yield return Finding.Note(
                "http", $"requests from {string.Join(", ", settings.OpenTo)} need no token", "Http:OpenTo lists them; take out what can send a token.");
        }
    }

    private static string? FindPortError(HttpServerSettings settings)
    {
        try
        {
            using var socket = new Socket(settings.Listen.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(settings.Listen);
            return null;
        }
        catch (SocketException error)
        {
            return error.Message;
        }
    }
}
