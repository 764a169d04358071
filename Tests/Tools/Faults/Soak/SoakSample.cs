using System.Globalization;

namespace MobileVlm.Edge.Tools.Faults.Soak;

/// <summary>One moment of a soak.</summary>
/// <param name="Seconds">Since it began.</param>
/// <param name="ResidentMiB">Memory of the service in RAM.</param>
/// <param name="OwnMiB">Of it not mapped from files (<c>RssAnon</c>).</param>
/// <param name="Handles">Open file descriptors.</param>
/// <param name="Threads">Of the process.</param>
/// <param name="Children">Its processes that decode pictures.</param>
/// <param name="Captured">Frames, of all cameras, since the service started.</param>
/// <param name="Used">Frames that were answered.</param>
/// <param name="Replaced">Frames dropped for a newer one.</param>
/// <param name="Stale">Frames dropped for their age.</param>
/// <param name="Failed">Frames lost to an error.</param>
/// <param name="Answers">Answers that arrived since the sample before.</param>
/// <param name="AgeMedianMs">Of the pictures of those answers, in milliseconds; NaN without any.</param>
/// <param name="Age95Ms">What 95 of 100 of them are under.</param>
/// <param name="AgeMaxMs">The largest.</param>
/// <param name="EventsWaiting">In the outbox.</param>
/// <param name="EventsDropped">Since the service started.</param>
internal sealed record SoakSample(
    double Seconds,
    double ResidentMiB,
    double OwnMiB,
    int Handles,
    int Threads,
    int Children,
    long Captured,
    long Used,
    long Replaced,
    long Stale,
    long Failed,
    int Answers,
    double AgeMedianMs,
    double Age95Ms,
    double AgeMaxMs,
    long EventsWaiting,
    long EventsDropped)
{
    public const string Header =
        "seconds,residentMiB,ownMiB,handles,threads,children,captured,used,replaced,stale,failed,"
        + "answers,ageMedianMs,age95Ms,ageMaxMs,eventsWaiting,eventsDropped";

    public string ToLine() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Seconds:0.0},{ResidentMiB:0.00},{OwnMiB:0.00},{Handles},{Threads},{Children},{Captured},{Used},{Replaced},{Stale},{Failed},{Answers},{AgeMedianMs:0.0},{Age95Ms:0.0},{AgeMaxMs:0.0},{EventsWaiting},{EventsDropped}");

    /// <summary>What a soak has written.</summary>
    public static List<SoakSample> ReadAll(string file) => [.. File.ReadLines(file).Skip(1).Select(Read)];

    private static SoakSample Read(string line)
    {
        var values = line.Split(',').Select(text => double.Parse(text, CultureInfo.InvariantCulture)).ToArray();
        return new SoakSample(
            values[0], values[1], values[2], (int)values[3], (int)values[4], (int)values[5], (long)values[6], (long)values[7],
            (long)values[8], (long)values[9], (long)values[10], (int)values[11], values[12], values[13], values[14],
            (long)values[15], (long)values[16]);
    }
}
