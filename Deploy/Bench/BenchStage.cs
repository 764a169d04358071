namespace MobileVlm.Edge.Deploy.Bench;

/// <summary>What can be measured by itself.</summary>
internal enum BenchStage
{
    /// <summary>A picture to visual tokens.</summary>
    Encode,

    /// <summary>200 tokens into an empty cache.</summary>
    Prefill,

    /// <summary>Text token by token, one text and several at once.</summary>
    Decode,

    /// <summary>A text, without a guess, with what was said last, and with that after one word has changed.</summary>
    Text,

    /// <summary>A new picture to its first yes or no.</summary>
    First,

    /// <summary>1 to 16 yes/no questions about one new picture.</summary>
    Questions,

    /// <summary>Camera to published answer.</summary>
    Pipeline,
}

/// <summary>What to measure, and how often.</summary>
/// <param name="Parts">In the order in which they are measured.</param>
/// <param name="Repeats">Timed runs of each, behind one that is not timed.</param>
internal sealed record BenchPlan(IReadOnlyList<BenchStage> Parts, int Repeats)
{
    public static IReadOnlyList<BenchStage> All { get; } = Enum.GetValues<BenchStage>();

    public static string NameOf(BenchStage part) => part.ToString().ToLowerInvariant();

    /// <summary>Parts by their names, separated by commas.</summary>
    /// <exception cref="FormatException">There is no part of that name; the message lists those that there are.</exception>
    public static IReadOnlyList<BenchStage> Parse(string names)
    {
        BenchStage[] wanted = [.. names.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(name => All.Any(part => NameOf(part) == name)
                ? Enum.Parse<BenchStage>(name, ignoreCase: true)
                : throw new FormatException($"'{name}' is not one of {string.Join(", ", All.Select(NameOf))}."))];
        return wanted.Length > 0
            ? [.. All.Where(wanted.Contains)]
            : throw new FormatException($"name at least one of {string.Join(", ", All.Select(NameOf))}.");
    }
}
