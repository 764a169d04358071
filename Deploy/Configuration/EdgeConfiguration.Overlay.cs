using MobileVlm.Edge.Deploy.Configuration.Binding;
using MobileVlm.Edge.Deploy.Configuration.Options;
using MobileVlm.Edge.Deploy.Configuration.Overlay;
using MobileVlm.Edge.Deploy.Configuration.Validation;

namespace MobileVlm.Edge.Deploy.Configuration;

/// <content>Questions that were set over HTTP and count instead of the file's.</content>
internal sealed partial class EdgeConfiguration
{
    /// <summary>What became of each question that was set or deleted over HTTP.</summary>
    public IReadOnlyList<OverlayUse> OverlayUses { get; private init; }

    /// <summary>Reads the same file content and environment with other questions set over HTTP.</summary>
    /// <exception cref="ConfigurationException">The file or the environment is invalid.</exception>
    public EdgeConfiguration With(QuestionOverlay overlay) =>
        Read(_text with { Purpose = ConfigurationPurpose.Reload }, overlay);

    /// <summary>Checks another content of the file, with the same environment and the same questions set over HTTP.</summary>
    /// <param name="json">The content; null reads the file again.</param>
    /// <param name="overlay">The questions that were set over HTTP.</param>
    /// <exception cref="ConfigurationException">The content or the environment is invalid.</exception>
    public EdgeConfiguration Check(byte[]? json, QuestionOverlay overlay) =>
        Read(_text with { Json = json ?? (File is { } file ? ReadFile(file) : null), Purpose = ConfigurationPurpose.Check }, overlay);

    /// <summary>Uses the questions that are stored in the state folder.</summary>
    private static EdgeConfiguration ReadWithStoredOverlay(ConfigurationText text)
    {
        if (FindStateFolder(text) is not { } folder)
        {
            return Read(text, QuestionOverlay.Empty);
        }

        var file = QuestionOverlayFile.PathIn(folder);
        var overlay = QuestionOverlayFile.Peek(file, out var problem);
        return Read(text, overlay, problem is null ? [] : [new ConfigurationProblem(file, null, $"{problem}; the questions of the configuration file count")]);
    }

    /// <summary>Reads everything. An entry of the overlay that is not valid, or not any more, is left out with a warning: what was set over
    /// HTTP never keeps the service from starting.</summary>
    private static EdgeConfiguration Read(ConfigurationText text, QuestionOverlay overlay, IReadOnlyList<ConfigurationProblem>? warnings = null)
    {
        var used = overlay;
        var leftOut = new List<OverlayUse>();
        ConfigurationException? withOverlay = null;
        while (true)
        {
            var problems = new ProblemList();
            try
            {
                var configuration = Read(text, used, problems);
                return Reported(configuration, [.. configuration.OverlayUses, .. leftOut], warnings ?? []);
            }
            catch (ConfigurationException invalid) when (used.Entries.Count > 0)
            {
                var blamed = Blamed(text, used, problems, out var isCertain);

                // Without the entries, conditions on them would be errors too.
                withOverlay ??= isCertain ? null : invalid;
                foreach (var use in blamed)
                {
                    used = used.Without(use.Key);
                    leftOut.Add(use);
                }
            }
            catch (ConfigurationException) when (withOverlay is not null)
            {
                throw withOverlay;
            }
        }
    }

    private static EdgeConfiguration Reported(
        EdgeConfiguration configuration, IReadOnlyList<OverlayUse> uses, IReadOnlyList<ConfigurationProblem> warnings) =>
        new(
            configuration.Options,
            configuration._text,
            configuration.Logging,
            [
                .. warnings,
                .. configuration.Warnings,
                .. uses.Where(use => use.Effect == OverlayEffect.Unused).Select(use => new ConfigurationProblem(
                    OverlayUse.ConfigurationKey(use.Key), null, $"was changed over HTTP, but that is not used: {use.Reason}")),
            ],
            [.. uses.OrderBy(use => use.Key.ToString(), StringComparer.OrdinalIgnoreCase)],
            configuration._model,
            configuration.Taught);

    /// <summary>The entries without which the configuration may be valid: those with errors; otherwise the deletions of what something needs;
    /// otherwise all.</summary>
    private static List<OverlayUse> Blamed(ConfigurationText text, QuestionOverlay overlay, ProblemList problems, out bool isCertain)
    {
        var uses = OverlayMerge.Apply(ReadTree(text, new ProblemList()), overlay);
        var wrong = uses.Where(use => problems.HasWithin(OverlayUse.ConfigurationKey(use.Key))).ToList();
        isCertain = wrong.Count > 0;
        if (!isCertain && uses.Where(use => use.Effect == OverlayEffect.Deletes).ToList() is { Count: > 0 } deletions)
        {
            return BlamedDeletions(text, overlay, deletions, problems);
        }

        var blamed = isCertain ? wrong
            : uses.Where(use => use.Effect != OverlayEffect.Unused).ToList() is { Count: > 0 } active ? active
            : uses;
        return [.. blamed.Select(use => LeftOut(use, problems))];
    }

    /// <summary>The deletions of questions that something needs, so that the other deletions still count; all where the configuration is invalid
    /// without any.</summary>
    private static List<OverlayUse> BlamedDeletions(
        ConfigurationText text, QuestionOverlay overlay, IReadOnlyList<OverlayUse> deletions, ProblemList problems)
    {
        var without = deletions.Aggregate(overlay, (rest, deletion) => rest.Without(deletion.Key));
        if (!IsValid(text, without, new ProblemList()))
        {
            return [.. deletions.Select(use => LeftOut(use, problems))];
        }

        var blamed = new List<OverlayUse>();
        AddDeletions(text, without, deletions, blamed);
        return blamed;
    }

    /// <summary>Adds deletions to an overlay that is valid without them. Tries many at once, because each try validates everything.</summary>
    /// <param name="text">What the configuration is read from.</param>
    /// <param name="valid">The overlay so far.</param>
    /// <param name="deletions">At least one.</param>
    /// <param name="blamed">Receives those with which it would be invalid.</param>
    /// <returns>The overlay with the others.</returns>
    private static QuestionOverlay AddDeletions(
        ConfigurationText text, QuestionOverlay valid, IReadOnlyList<OverlayUse> deletions, List<OverlayUse> blamed)
    {
        var all = deletions.Aggregate(valid, (some, deletion) => some.With(deletion.Key, OverlayEntry.Deletion));
        var problems = new ProblemList();
        if (IsValid(text, all, problems))
        {
            return all;
        }

        if (deletions.Count == 1)
        {
            blamed.Add(LeftOut(deletions[0], problems));
            return valid;
        }

        var half = deletions.Count / 2;
        return AddDeletions(text, AddDeletions(text, valid, [.. deletions.Take(half)], blamed), [.. deletions.Skip(half)], blamed);
    }

    private static bool IsValid(ConfigurationText text, QuestionOverlay overlay, ProblemList problems)
    {
        try
        {
            Read(text, overlay, problems);
            return true;
        }
        catch (ConfigurationException)
        {
            return false;
        }
    }

    private static OverlayUse LeftOut(OverlayUse use, ProblemList problems)
    {
        var own = problems.Within(OverlayUse.ConfigurationKey(use.Key)).ToList();
        var errors = own.Count > 0 ? own : problems.Errors;
        return use with
        {
            Effect = OverlayEffect.Unused,
            Reason = errors.Count > 0 ? (errors[0] with { Origin = null }).ToString() : "the configuration cannot be read",
            Errors = errors,
        };
    }

    private static string? FindStateFolder(ConfigurationText text)
    {
        try
        {
            var root = ReadTree(text, new ProblemList());
            return root.Find(EdgeOptions.Section)?.Find(nameof(EdgeOptions.StateFolder)) is { Kind: JsonKind.Text, Text: { } folder }
                && !string.IsNullOrWhiteSpace(folder)
                    ? Path.GetFullPath(folder, text.Folder)
                    : SystemdState(text.Sources);
        }
        catch (ConfigurationException)
        {
            // Reported when it is read as a whole.
            return null;
        }
    }
}
