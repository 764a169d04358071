namespace MobileVlm.Edge.Actors.Settings;

/// <summary>Checks of a camera's frames besides its questions. Values are validated where configuration is
/// read.</summary>
public sealed record SceneSettings
{
    /// <summary>A live source that repeats its frames for this long is opened again once; zero never.</summary>
    public TimeSpan FrozenAfter { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Compares each frame with the view that is usual for the camera.</summary>
    public bool CheckView { get; init; } = true;

    /// <summary>A changed view that holds this long becomes the usual one; zero never.</summary>
    public TimeSpan ViewSettlesAfter { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>The camera's questions are unknown while its view is not normal.</summary>
    public bool SuspendOnViewChange { get; init; }
}
