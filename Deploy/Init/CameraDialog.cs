using System.Globalization;
using MobileVlm.Edge.Connectors.Cameras.Feeds.Onvif;

namespace MobileVlm.Edge.Deploy.Init;

/// <summary>Asks for a camera's source and password.</summary>
/// <param name="console">The user.</param>
/// <param name="passwords">Takes the passwords of ONVIF cameras.</param>
/// <param name="search">Whether the network is searched for ONVIF cameras.</param>
/// <param name="cancel">Stops the search.</param>
internal sealed class CameraDialog(InitConsole console, PasswordFiles passwords, bool search, CancellationToken cancel)
{
    private static readonly TimeSpan SearchFor = TimeSpan.FromSeconds(2);

    private IReadOnlyList<OnvifCamera>? _found;

    /// <summary>Asks for a camera's source. The first call lists the ONVIF cameras in the network; a number selects one of
    /// them.</summary>
    public async Task<string> AskSourceAsync()
    {
        if (_found is null && search)
        {
            InitConsole.WriteLine("Searching for ONVIF cameras in the network ...");
            _found = await FindCamerasAsync();
            InitConsole.WriteLine(_found.Count == 0 ? "  none answered" : string.Join('\n', _found.Select((it, i) => $"  {i + 1}  {it.Name} ({it.Address})")));
        }

        var answer = await console.AskAsync(
            $"Camera ({(_found is { Count: > 0 } ? "a number, " : "")}rtsp://, onvif://, http://, /dev/video0, file, folder, pattern:640x480@5)", null);
        return int.TryParse(answer, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= 1 && number <= _found?.Count
            ? _found[number - 1].Address
            : answer;
    }

    private async Task<IReadOnlyList<OnvifCamera>> FindCamerasAsync()
    {
        try
        {
            return await OnvifCameras.AskAsync(await OnvifDiscovery.FindAsync(SearchFor, cancel), null, TimeProvider.System, cancel);
        }
        catch (OnvifException exception)
        {
            InitConsole.WriteLine($"  {exception.Message}");
            return [];
        }
    }

    /// <summary>Asks for the camera's password without showing it. An ONVIF camera's password gets its own file; any other becomes
    /// part of the address, in a configuration file that only its owner can read.</summary>
    public async Task<InitCamera> WithPasswordAsync(InitCamera camera)
    {
        var source = camera.Source;
        if (OnvifCameras.TryReadUser(source, out var user, out var hasPassword))
        {
            if (hasPassword)
            {
                return camera;
            }

            if (user is null)
            {
                user = await console.AskAsync("User at the camera ('none' for none)", "admin");
                if (user.Equals("none", StringComparison.OrdinalIgnoreCase))
                {
                    return camera;
                }

                source = source.Replace("://", $"://{Uri.EscapeDataString(user)}@", StringComparison.Ordinal);
            }

            var secret = await console.AskSecretAsync($"Password of '{user}' at the camera");
            return camera with { Source = source, PasswordFile = passwords.Write(camera.Name, secret) };
        }

        if (!Uri.TryCreate(source, UriKind.Absolute, out var address) || address.Scheme is not ("rtsp" or "rtsps" or "http" or "https")
            || address.UserInfo.Length == 0 || address.UserInfo.Contains(':', StringComparison.Ordinal))
        {
            return camera;
        }

        var password = Uri.EscapeDataString(await console.AskSecretAsync($"Password of '{Uri.UnescapeDataString(address.UserInfo)}' at the camera"));
        return camera with { Source = source.Replace($"{address.UserInfo}@", $"{address.UserInfo}:{password}@", StringComparison.Ordinal) };
    }
}
