namespace MobileVlm.Edge.Actors.Settings;

/// <summary>Thresholds below which a frame counts as the same scene as the one that was asked about.</summary>
public sealed record SceneGateSettings
{
    /// <summary>Largest difference that still counts as none, in levels of 0..255, of any colour in any of 32 x 32 areas.
    /// Sensor noise of four levels a pixel moves an area of 640 x 480 by less than one; a person who fills a twentieth of
    /// an area moves it by more than two.</summary>
    public double Threshold { get; init; } = 2;

    /// <summary>First refresh interval: an answer older than this is asked again even while the scene is still.</summary>
    public TimeSpan Refresh { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Longest refresh interval. The interval doubles up to it after each refresh that gave the same value; a value
    /// below <see cref="Refresh"/> counts as <see cref="Refresh"/>.</summary>
    public TimeSpan RefreshMax { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Answers are also kept when each visual token's cosine with the frame that was asked is at least this,
    /// 0..1; null always asks. Saves the decoder, not the encoder.</summary>
    public double? TokenCosine { get; init; }
}
