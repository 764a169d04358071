using System.Globalization;
using System.Text.RegularExpressions;

namespace MobileVlm.Edge.Connectors.Cameras.Feeds.Onvif;

/// <summary>Address of a camera that answers ONVIF requests: <c>onvif://[user[:password]@]host[:port][/path][?profile=TOKEN]</c>.</summary>
/// <param name="Device">The address of its device service, without user.</param>
/// <param name="User">Null when the address names none.</param>
/// <param name="Password">Null when the address holds none.</param>
/// <param name="Profile">The token of the profile to take; null leaves the choice to <see cref="OnvifProfileChoice"/>.</param>
internal sealed partial record OnvifAddress(Uri Device, string? User, string? Password, string? Profile)
{
    /// <summary>Path of the device service in the specification (ONVIF Core, section 5.1).</summary>
    public const string DevicePath = "/onvif/device_service";

    public const string Example = "onvif://admin@10.0.0.5 with PasswordFile beside it";

    /// <exception cref="FormatException">It is not well formed; the message shows no password.</exception>
    public static OnvifAddress Parse(string source)
    {
        var shown = SecretMask.Patterns(source);
        var match = Shape().Match(source);
        if (!match.Success)
        {
            throw new FormatException(
                $"'{shown}' is not the address of an ONVIF camera; '{Example}' would be accepted, with '@', '/', '?', '#' and "
                + "'%' in a user name written as %40, %2F, %3F, %23 and %25.");
        }

        var port = match.Groups["port"] is { Success: true } found ? int.Parse(found.Value, CultureInfo.InvariantCulture) : 80;
        if (port is < 1 or > 65535)
        {
            throw new FormatException($"'{shown}' has the port {port}; 1 to 65535 would be accepted.");
        }

        var path = match.Groups["path"].Value is { Length: > 1 } given ? given : DevicePath;
        if (!Uri.TryCreate(
            string.Create(CultureInfo.InvariantCulture, $"http://{match.Groups["host"].Value}:{port}{path}"), UriKind.Absolute, out var device))
        {
            throw new FormatException($"'{shown}' has no valid host; '{Example}' would be accepted.");
        }

        return new OnvifAddress(
            device, Decoded(match.Groups["user"]), Decoded(match.Groups["password"]), ReadProfile(match.Groups["query"].Value, shown));
    }

    /// <summary>The address as <c>Source</c> has it, without user: the default port and path are left out.</summary>
    public static string Format(Uri device, string? profile = null)
    {
        var port = device.Port == 80 ? "" : string.Create(CultureInfo.InvariantCulture, $":{device.Port}");
        var path = device.AbsolutePath == DevicePath ? "" : device.AbsolutePath;
        return $"onvif://{device.Host}{port}{path}{(profile is null ? "" : $"?profile={Uri.EscapeDataString(profile)}")}";
    }

    private static string? Decoded(Group group) => group is { Success: true, Length: > 0 } ? Uri.UnescapeDataString(group.Value) : null;

    private static string? ReadProfile(string query, string shown)
    {
        string? profile = null;
        foreach (var part in query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0 || !part[..equals].Equals("profile", StringComparison.OrdinalIgnoreCase) || equals == part.Length - 1)
            {
                throw new FormatException($"'{shown}' holds '{part}' behind its '?'; 'profile=TOKEN' would be accepted.");
            }

            profile = Uri.UnescapeDataString(part[(equals + 1)..]);
        }

        return profile;
    }

    // The password up to the last @, because passwords with an @ are often written as they are.
    [GeneratedRegex(
        @"^onvif://((?<user>[^:@/?#\s]*)(:(?<password>[^/?#\s]*))?@)?(?<host>\[[0-9A-Fa-f:.%]+\]|[^:\[\]@/?#\s]+)(:(?<port>[0-9]{1,5}))?(?<path>/[^?#\s]*)?(\?(?<query>[^#]*))?$",
        RegexOptions.IgnoreCase)]
    private static partial Regex Shape();
}
