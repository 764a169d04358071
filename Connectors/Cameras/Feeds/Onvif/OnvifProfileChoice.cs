namespace MobileVlm.Edge.Connectors.Cameras.Feeds.Onvif;

/// <summary>Chooses the stream that costs least to decode and has enough detail. Stateless.</summary>
public static class OnvifProfileChoice
{
    /// <summary>Height that the vision encoder uses of a whole frame, in pixels.</summary>
    public const int EncoderHeight = 336;

    /// <summary>The profile to take: H.264 before H.265 before JPEG before others; of these the smallest whose height is
    /// at least <paramref name="neededHeight"/>; when none is high enough, the highest. Only profiles of the first video
    /// source count, because a recorder has one for each of its cameras.</summary>
    /// <param name="profiles">What the camera offers, in its order.</param>
    /// <param name="neededHeight">Pixels.</param>
    /// <param name="token">The profile that the operator chose; it takes precedence, also when it belongs to another video source.</param>
    /// <exception cref="OnvifException">There is none, or not the one that was asked for.</exception>
    public static OnvifProfile Choose(IReadOnlyList<OnvifProfile> profiles, int neededHeight, string? token = null)
    {
        ArgumentNullException.ThrowIfNull(profiles);
        if (token is not null)
        {
            return profiles.FirstOrDefault(it => it.Token == token)
                ?? throw new OnvifException(
                    OnvifErrorKind.Failed, $"the camera has no profile '{token}'; it has {Names(profiles)}. Change 'profile=' in Source");
        }

        var withVideo = profiles.Where(it => it.HasVideo).ToList();
        if (withVideo.Count == 0)
        {
            throw new OnvifException(
                OnvifErrorKind.Failed, "the camera offers no profile with video. Set one up on its web page (video or ONVIF profiles)");
        }

        var ofFirst = withVideo.Where(it => it.Source == withVideo[0].Source).ToList();
        return ofFirst.Where(it => it.Height >= neededHeight).OrderBy(Rank).ThenBy(Pixels).FirstOrDefault()
            ?? ofFirst.OrderByDescending(it => it.Height ?? 0).ThenBy(Rank).First();
    }

    private static string Names(IReadOnlyList<OnvifProfile> profiles) =>
        profiles.Count == 0 ? "none" : string.Join(", ", profiles.Take(20).Select(it => $"'{it.Token}'"));

    private static int Rank(OnvifProfile profile) => profile.Encoding?.ToUpperInvariant() switch
    {
        "H264" => 0,
        "H265" or "HEVC" => 1,
        "JPEG" or "MJPEG" => 2,
        _ => 3,
    };

    private static long Pixels(OnvifProfile profile) => (long)(profile.Width ?? 0) * (profile.Height ?? 0);
}
