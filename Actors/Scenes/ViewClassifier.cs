namespace MobileVlm.Edge.Actors.Scenes;

/// <summary>What one frame shows of the view, before it is confirmed by others.</summary>
internal enum ViewEvidence
{
    /// <summary>No evidence: overexposed, or structure that fades in fog or dusk.</summary>
    None,

    Normal,
    Changed,
    Covered,
    Dark,
    Blurred,
}

/// <summary>Decides what one frame shows of the view. All thresholds are here; <c>Deploy/docs/decisions/0085</c> says how
/// they were found. Not thread-safe.</summary>
internal sealed class ViewClassifier
{
    // Luminance, in levels of 0..255.
    private const int Black = 30;
    private const double BlackShare = 0.95;
    private const int Dim = 25;
    private const int Saturated = 250;
    private const double MaxSaturated = 0.6;

    // A view of which so little is kept is hidden or another one; half of it may be behind a lorry.
    private const double LittleKept = 0.25;
    private const double FewKnown = 0.35;
    private const double HiddenKept = 0.15;
    private const double HiddenEdges = 0.25;
    private const double NoEdges = 0.15;
    private const double EnoughEdges = 0.3;
    private const double Suspicious = 0.75;

    // Below this share of the usual sharpness: a blur of more than 0.7 % of the frame's width (sigma).
    private const double BlurredBelow = 0.62;

    // The moved view must be found as well as the view was found before it moved, and clearly better than where it was.
    private const double MinFound = 0.5;
    private const double FoundAsBefore = 0.8;
    private const double MinGain = 0.12;
    private const double MinDistance = 2.5;

    // Far away, dense patterns match by chance; a match there must be nearly complete.
    private const double FarDistance = 45;
    private const double FoundFar = 0.8;

    private static readonly TimeSpan SearchEvery = TimeSpan.FromSeconds(0.5);

    private readonly ViewAlignment _alignment = new();
    private TimeSpan? _searchedInVainAt;

    /// <summary>Whether nearly all of a frame is black, independent of the usual view.</summary>
    public static bool IsDark(ViewFeatures frame) => frame.Image.Percentile(BlackShare) < Black;

    /// <summary>Whether most of a frame is overexposed: the camera's exposure has not settled, and the view cannot be classified.</summary>
    public static bool IsOverexposed(ViewFeatures frame) => frame.Image.ShareFrom(Saturated) >= MaxSaturated;

    /// <param name="frame">Neither dark nor overexposed.</param>
    /// <param name="usual">The usual view; usable.</param>
    /// <param name="match">How they agree.</param>
    /// <param name="foundBefore">The share of usual edges found in the last normal frame, 0..1.</param>
    /// <param name="isSudden">The structure was there a moment ago; otherwise fog or dusk may have taken it.</param>
    /// <param name="isChanged">The view is held to be another one already, so that nobody needs the search.</param>
    /// <param name="now">Of the frame; bounds the searches.</param>
    public ViewEvidence Classify(
        ViewFeatures frame, ViewReference usual, ViewMatch match, double foundBefore, bool isSudden, bool isChanged, TimeSpan now)
    {
        if (match.Kept < HiddenKept && match.EdgeRatio < (match.Sharpness < BlurredBelow ? NoEdges : HiddenEdges))
        {
            // A dim frame without structure is night rather than a hand.
            return isSudden && frame.Image.Percentile(0.5) >= Dim ? ViewEvidence.Covered : ViewEvidence.None;
        }

        if (match.Sharpness < BlurredBelow)
        {
            return ViewEvidence.Blurred;
        }

        if (match.Kept >= Suspicious || match.EdgeRatio < EnoughEdges)
        {
            return ViewEvidence.Normal;
        }

        return (match.Kept <= LittleKept && match.Known <= FewKnown)
            || (!isChanged && IsElsewhere(frame, usual, foundBefore, now))
            ? ViewEvidence.Changed
            : ViewEvidence.Normal;
    }

    private bool IsElsewhere(ViewFeatures frame, ViewReference usual, double foundBefore, TimeSpan now)
    {
        if (_searchedInVainAt is { } before && now - before < SearchEvery)
        {
            return false;
        }

        var found = _alignment.Find(usual, frame);
        var isElsewhere = found.There >= Math.Max(MinFound, FoundAsBefore * foundBefore)
            && found.There - found.Here >= MinGain
            && found.Distance >= MinDistance
            && (found.Distance <= FarDistance || found.There >= FoundFar);
        _searchedInVainAt = isElsewhere ? null : now;
        return isElsewhere;
    }
}
