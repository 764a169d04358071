using System.Globalization;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Connectors.Frames;

namespace MobileVlm.Edge.Connectors.Cameras.Feeds.Onvif;

/// <summary>Asks an ONVIF camera at each attempt where its stream is, and plays that: addresses and ports change.</summary>
internal sealed partial class OnvifFeed(OnvifAddress address) : IFrameFeed
{
    /// <summary>A refused password is not tried again before this time, unless it changes: cameras lock accounts.</summary>
    internal static readonly TimeSpan RefusalPause = TimeSpan.FromMinutes(5);

    private OnvifLogin? _refused;
    private long _refusedAt;

    public CaptureEnd Run(FeedAttempt attempt)
    {
        OnvifLogin? login;
        try
        {
            login = ReadLogin(attempt.Settings);
        }
        catch (OnvifException fault)
        {
            return attempt.End(CaptureEndKind.OpenFailed, fault.Message);
        }

        if (_refused is not null && _refused == login && attempt.Context.Time.GetElapsedTime(_refusedAt) is var since && since < RefusalPause)
        {
            var left = RefusalPause - since;
            return attempt.End(CaptureEndKind.OpenFailed, string.Create(
                CultureInfo.InvariantCulture,
                $"the camera refused {login}; the same password is tried again in {Math.Ceiling(left.TotalSeconds):0} s, because cameras lock "
                + $"accounts. Correct the user in Source, or the password in PasswordFile, which is read at each attempt"));
        }

        CameraSettings found;
        IFrameFeed feed;
        try
        {
            (found, feed) = FindAsync(attempt, login).GetAwaiter().GetResult();
            _refused = null;
        }
        catch (OnvifException fault)
        {
            if (fault.Fault == OnvifErrorKind.Refused && login is not null)
            {
                (_refused, _refusedAt) = (login, attempt.Context.Time.GetTimestamp());
            }

            return attempt.End(CaptureEndKind.OpenFailed, fault.Message);
        }
        catch (OperationCanceledException)
        {
            return attempt.End(CaptureEndKind.OpenFailed, "the camera's stream was not found in time");
        }

        attempt.UseStream(found);
        return feed.Run(attempt);
    }

    private async Task<(CameraSettings Found, IFrameFeed Feed)> FindAsync(FeedAttempt attempt, OnvifLogin? login)
    {
        using var client = new OnvifClient(address.Device, login, attempt.Context.Time);
        var profiles = await client.GetProfilesAsync(attempt.Stop).ConfigureAwait(false);
        var profile = OnvifProfileChoice.Choose(profiles, attempt.Settings.NeededHeight, address.Profile);
        var stream = await client.GetStreamAddressAsync(profile, attempt.Stop).ConfigureAwait(false);
        try
        {
            var opened = CameraSources.OpenStream(attempt.Settings with { Source = stream });
            var shown = SecretMask.Patterns(stream);
            LogFound(
                attempt.Context.Log, attempt.Settings.Id, profile.Token, profile.Encoding ?? "unknown encoding", profile.Width ?? 0,
                profile.Height ?? 0, shown);
            return opened;
        }
        catch (FormatException fault)
        {
            throw new OnvifException(OnvifErrorKind.Failed, $"the camera gives an address that cannot be used. {fault.Message}");
        }
    }

    private OnvifLogin? ReadLogin(CameraSettings settings)
    {
        if (address.User is not { } user)
        {
            return null;
        }

        if (settings.PasswordFile is not { } file)
        {
            return new OnvifLogin(user, address.Password ?? "");
        }

        return OnvifCameras.ReadLogin(user, file, nameof(CameraSettings.PasswordFile), out var fault)
            ?? throw new OnvifException(OnvifErrorKind.Failed, fault!);
    }

    [LoggerMessage(EventId = 90, Level = LogLevel.Information,
        Message = "Camera {Camera}: ONVIF profile '{Profile}' ({Encoding}, {Width}x{Height}) at {Address}.")]
    private static partial void LogFound(
        ILogger log, CameraId camera, string profile, string encoding, int width, int height, string address);
}
