namespace MobileVlm.Edge.Actors.Scenes;

/// <summary>How a camera's view compares with the view that is usual for it.</summary>
public enum ViewState
{
    /// <summary>Not known: no frame was compared yet, or the view is not checked.</summary>
    Unknown,

    /// <summary>The camera sees what it usually sees, by day or by night.</summary>
    Normal,

    /// <summary>The camera sees another place: it was moved or turned.</summary>
    Changed,

    /// <summary>Something hides nearly all of the frame.</summary>
    Covered,

    /// <summary>There is no light, or the lens has its cap on: nearly all of the frame is black.</summary>
    Dark,

    /// <summary>The usual view without sharp edges: out of focus, sprayed or fogged glass.</summary>
    Blurred,
}

/// <summary>The words for view states.</summary>
public static class ViewStates
{
    /// <summary>The words that a topic may hold apart from <c>unknown</c>, in the order of the states.</summary>
    public static IReadOnlyList<string> Words { get; } =
        [.. Enum.GetValues<ViewState>().Where(state => state != ViewState.Unknown).Select(ToText)];

    /// <summary>The state as topics and statistics carry it: <c>normal</c>.</summary>
    public static string ToText(this ViewState state) => state switch
    {
        ViewState.Unknown => "unknown",
        ViewState.Normal => "normal",
        ViewState.Changed => "changed",
        ViewState.Covered => "covered",
        ViewState.Dark => "dark",
        ViewState.Blurred => "blurred",
        _ => throw new ArgumentOutOfRangeException(nameof(state), state, "This view state has no word."),
    };
}
