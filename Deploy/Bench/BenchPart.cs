namespace MobileVlm.Edge.Deploy.Bench;

/// <summary>A part that is measured by itself.</summary>
internal enum BenchPart
{
    /// <summary>Encoding a picture to visual tokens.</summary>
    Encode,

    /// <summary>200 tokens into an empty cache.</summary>
    Prefill,

    /// <summary>Text token by token, one text and several in a batch.</summary>
    Decode,

    /// <summary>A text without a draft, with the previous answer as draft, and with that after one token has changed.</summary>
    Text,

    /// <summary>The time from a new picture to its first yes or no.</summary>
    First,

    /// <summary>1 to 16 yes/no questions about one new picture.</summary>
    Questions,

    /// <summary>1 to 100 taught questions that the encoder answers alone, about one new picture.</summary>
    Taught,

    /// <summary>The whole pipeline, from the camera to the published answer.</summary>
    Pipeline,
}

/// <summary>The parts to measure, and how many timed runs each one gets.</summary>
/// <param name="Parts">In the order in which they are measured.</param>
/// <param name="Repeats">Timed runs of each, after one that is not timed.</param>
internal sealed record BenchPlan(IReadOnlyList<BenchPart> Parts, int Repeats)
{
    public static IReadOnlyList<BenchPart> All { get; } = Enum.GetValues<BenchPart>();

    public static string NameOf(BenchPart part) => part.ToString().ToLowerInvariant();

    /// <summary>Parts by their names, separated by commas.</summary>
    /// <exception cref="FormatException">There is no part of that name; the message lists the valid ones.</exception>
    public static IReadOnlyList<BenchPart> Parse(string names)
    {
        BenchPart[] requested = [.. names.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(name => All.Any(part => NameOf(part) == name)
                ? Enum.Parse<BenchPart>(name, ignoreCase: true)
                : throw new FormatException($"'{name}' is not one of {string.Join(", ", All.Select(NameOf))}."))];
        return requested.Length > 0
            ? [.. All.Where(requested.Contains)]
            : throw new FormatException($"name at least one of {string.Join(", ", All.Select(NameOf))}.");
    }
}
