namespace MobileVlm.Edge.Deploy.Doctor;

internal enum FindingKind
{
    Fine,

    /// <summary>Works, but the user should know; or is missing, but not needed by everyone.</summary>
    Note,

    /// <summary>The service cannot work like this.</summary>
    Bad,
}

/// <summary>The result of one check.</summary>
/// <param name="Kind">How bad it is.</param>
/// <param name="What">What was checked.</param>
/// <param name="Found">What was found.</param>
/// <param name="Remedy">What to do, when there is something to do.</param>
internal sealed record Finding(FindingKind Kind, string What, string Found, string? Remedy)
{
    public static Finding Fine(string what, string found) => new(FindingKind.Fine, what, found, null);

    public static Finding Note(string what, string found, string remedy) => new(FindingKind.Note, what, found, remedy);

    public static Finding Bad(string what, string found, string? remedy) => new(FindingKind.Bad, what, found, remedy);
}
