using System.Globalization;

namespace MobileVlm.Edge.Tools.Faults.Soak;

/// <summary>One sample of a soak run.</summary>
/// <param name="Seconds">The time since its start.</param>
/// <param name="ResidentMiB">The resident memory of the service.</param>
/// <param name="OwnMiB">The part of it that is not mapped from files (<c>RssAnon</c>).</param>
/// <param name="Handles">Open file descriptors.</param>
/// <param name="Threads">Threads of the process.</param>
/// <param name="Children">Child processes, which decode video.</param>
/// <param name="Captured">Captured frames of all cameras since the service started.</param>
/// <param name="Used">Frames that were answered.</param>
/// <param name="Replaced">Frames dropped for a newer one.</param>
/// <param name="Stale">Frames dropped for their age.</param>
/// <param name="Failed">Frames lost to an error.</param>
/// <param name="Answers">Answers that arrived since the previous sample.</param>
/// <param name="AgeMedianMs">The median age of the frames of those answers, in milliseconds; NaN if there are none.</param>
/// <param name="Age95Ms">The 95th percentile of these ages.</param>
/// <param name="AgeMaxMs">The largest of these ages.</param>
/// <param name="EventsWaiting">Events that wait in the outbox.</param>
/// <param name="EventsDropped">Events that were dropped since the service started.</param>
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

    /// <summary>Reads the samples of a soak run.</summary>
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
