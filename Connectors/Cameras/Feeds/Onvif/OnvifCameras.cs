using MobileVlm.Edge.Connectors.Storage;

namespace MobileVlm.Edge.Connectors.Cameras.Feeds.Onvif;

/// <summary>Lists cameras for an operator to choose from. Stateless.</summary>
public static class OnvifCameras
{
    /// <summary>Cameras asked at the same time.</summary>
    private const int AtOnce = 8;

    /// <summary>Asks the camera at an address; null when the address is not well formed.</summary>
    /// <param name="address"><c>HOST[:PORT]</c> or as <c>Source</c> has it.</param>
    public static OnvifDevice? At(string address)
    {
        ArgumentException.ThrowIfNullOrEmpty(address);
        try
        {
            var parsed = OnvifAddress.Parse(address.Contains("://", StringComparison.Ordinal) ? address : $"onvif://{address}");
            return new OnvifDevice(parsed.Device.Host, parsed.Device);
        }
        catch (FormatException)
        {
            return null;
        }
    }

    /// <summary>A log-in with the password of a file.</summary>
    /// <param name="user">Its name.</param>
    /// <param name="passwordFile">Its first line is the password.</param>
    /// <param name="key">The setting or option that names the file, for the fault.</param>
    /// <param name="fault">Why there is none, without a full stop; null when there is one.</param>
    public static OnvifLogin? ReadLogin(string user, string passwordFile, string key, out string? fault)
    {
        ArgumentException.ThrowIfNullOrEmpty(user);
        ArgumentException.ThrowIfNullOrEmpty(passwordFile);
        var password = SecretFile.ReadLine(passwordFile, out var reason);
        fault = reason is null ? null : $"{key}: '{passwordFile}' {reason}";
        return password is null ? null : new OnvifLogin(user, password);
    }

    /// <summary>Reads the user in a camera's <c>Source</c>.</summary>
    /// <returns>False when it is not a well-formed <c>onvif://</c> address.</returns>
    public static bool TryReadUser(string source, out string? user, out bool hasPassword)
    {
        ArgumentNullException.ThrowIfNull(source);
        (user, hasPassword) = (null, false);
        try
        {
            var address = source.StartsWith("onvif://", StringComparison.OrdinalIgnoreCase) ? OnvifAddress.Parse(source) : null;
            (user, hasPassword) = (address?.User, address?.Password is not null);
            return address is not null;
        }
        catch (FormatException)
        {
            return false;
        }
    }

    /// <summary>Asks each camera for its streams. A camera that cannot be asked is listed with the reason.</summary>
    /// <param name="devices">What <see cref="OnvifDiscovery"/> found.</param>
    /// <param name="login">Tried with each camera; null asks without.</param>
    /// <param name="time">Our clock.</param>
    /// <param name="cancel">Ends it.</param>
    /// <returns>In the order given; a recorder gives one entry for each video source.</returns>
    public static async Task<IReadOnlyList<OnvifCamera>> AskAsync(
        IReadOnlyList<OnvifDevice> devices, OnvifLogin? login, TimeProvider time, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(devices);
        using var turns = new SemaphoreSlim(AtOnce);
        var asked = await Task.WhenAll(devices.Select(async device =>
        {
            await turns.WaitAsync(cancel).ConfigureAwait(false);
            try
            {
                return await AskAsync(device, login, time, cancel).ConfigureAwait(false);
            }
            finally
            {
                turns.Release();
            }
        })).ConfigureAwait(false);
        return [.. asked.SelectMany(it => it)];
    }

    private static async Task<IReadOnlyList<OnvifCamera>> AskAsync(
        OnvifDevice device, OnvifLogin? login, TimeProvider time, CancellationToken cancel)
    {
        try
        {
            using var client = new OnvifClient(device.Device, login, time);
            var profiles = await client.GetProfilesAsync(cancel).ConfigureAwait(false);
            var sources = profiles.Where(it => it.HasVideo).GroupBy(it => it.Source).ToList();
            return sources.Count <= 1
                ? [new OnvifCamera(device.Name, OnvifAddress.Format(device.Device), sources.Count == 0 ? [] : [.. sources[0]])]
                :
                [
                    .. sources.Select((source, i) => new OnvifCamera(
                        $"{device.Name} (video source {i + 1})",
                        OnvifAddress.Format(device.Device, OnvifProfileChoice.Choose([.. source], OnvifProfileChoice.EncoderHeight).Token),
                        [.. source])),
                ];
        }
        catch (OnvifException fault)
        {
            return [new OnvifCamera(device.Name, OnvifAddress.Format(device.Device), [], fault.Message)];
        }
    }
}
