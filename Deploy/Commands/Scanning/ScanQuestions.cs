using System.CommandLine;
using System.Globalization;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Deploy.Cli;
using MobileVlm.Edge.Deploy.Commands.Asking;

namespace MobileVlm.Edge.Deploy.Commands.Scanning;

/// <summary>The questions of <c>scan</c>, from its options.</summary>
internal static class ScanQuestions
{
    /// <summary>Score from which an answer is yes, and below which it is no, without options.</summary>
    private const double Middle = 0.5;

    private static readonly QuestionKind[] Kinds = [QuestionKind.YesNo, QuestionKind.Choice, QuestionKind.Number, QuestionKind.Text];

    /// <exception cref="UsageException">The options do not go together.</exception>
    public static IReadOnlyList<StandingQuestion> Read(ParseResult parsed, ScanOptions options)
    {
        var asks = parsed.GetRequiredValue(options.Ask);
        AskedQuestions.Check(asks);
        QuestionKind[] kinds = [.. (parsed.GetValue(options.Answer) ?? []).Select(KindOf)];
        if (kinds.Length > 1 && kinds.Length != asks.Length)
        {
            throw new UsageException(
                $"--answer is given {kinds.Length} times and --ask {asks.Length} times. Give --answer once for all questions, or once for each.");
        }

        kinds = kinds.Length switch
        {
            0 => [.. asks.Select(_ => QuestionKind.YesNo)],
            1 => [.. asks.Select(_ => kinds[0])],
            _ => kinds,
        };
        var choices = ChoicesOf(kinds, parsed.GetValue(options.Choices) ?? []);
        var thresholds = ThresholdsOf(parsed.GetValue(options.YesAbove), parsed.GetValue(options.NoBelow));
        return
        [
            .. asks.Select((ask, i) => new StandingQuestion(
                i.ToString(CultureInfo.InvariantCulture), ask, kinds[i], TimeSpan.Zero, parsed.GetValue(options.MaxTokens))
            {
                Choices = [.. choices[i]],
                Suffix = parsed.GetValue(options.Suffix),
                MinMass = parsed.GetValue(options.MinMass),
                Rules = new AnswerRules { Thresholds = thresholds },
            }),
        ];
    }

    /// <summary>The region and the masks of all questions; null for the whole picture.</summary>
    /// <exception cref="UsageException">One is not a polygon.</exception>
    public static FrameRegion? ReadRegion(ParseResult parsed, ScanOptions options)
    {
        var inside = parsed.GetValue(options.Region) is { } region ? Polygon(options.Region.Name, region) : null;
        RegionPolygon[] masks = [.. (parsed.GetValue(options.Mask) ?? []).Select(mask => Polygon(options.Mask.Name, mask))];
        return inside is null && masks.Length == 0 ? null : new FrameRegion(inside, [.. masks]);
    }

    private static RegionPolygon Polygon(string option, string text)
    {
        try
        {
            return RegionPolygon.Parse(text);
        }
        catch (FormatException fault)
        {
            throw new UsageException($"{option}: '{text}' {fault.Message}.");
        }
    }

    private static QuestionKind KindOf(string name) => Array.Find(Kinds, kind => kind.ToString().Equals(name, StringComparison.OrdinalIgnoreCase)) is var kind
        && kind.ToString().Equals(name, StringComparison.OrdinalIgnoreCase)
            ? kind
            : throw new UsageException($"--answer is {string.Join(", ", Kinds.SkipLast(1))} or {Kinds[^1]}, not '{name}'.");

    private static string[][] ChoicesOf(QuestionKind[] kinds, string[] given)
    {
        var lists = given.Select(text => text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)).ToList();
        if (lists.Find(list => list.Length < 2 || list.Distinct(StringComparer.OrdinalIgnoreCase).Count() < list.Length) is { } wrong)
        {
            throw new UsageException($"--choices '{string.Join(',', wrong)}' does not name two or more different answers, separated by commas.");
        }

        var count = kinds.Count(kind => kind == QuestionKind.Choice);
        if (lists.Count != count && !(lists.Count == 1 && count > 1))
        {
            throw new UsageException(count == 0
                ? "--choices is for questions with '--answer Choice'."
                : $"{count} {(count == 1 ? "question has" : "questions have")} '--answer Choice', and --choices is given {lists.Count} times. Give it once for all, or once for each.");
        }

        var next = 0;
        return [.. kinds.Select(kind => kind != QuestionKind.Choice ? [] : lists[lists.Count == 1 ? 0 : next++])];
    }

    private static Thresholds ThresholdsOf(double? yesAbove, double? noBelow)
    {
        var (yes, no) = (yesAbove ?? Math.Max(Middle, noBelow ?? 0), noBelow ?? Math.Min(Middle, yesAbove ?? 1));
        return no <= yes
            ? new Thresholds { YesAbove = yes, NoBelow = no }
            : throw new UsageException(string.Create(
                CultureInfo.InvariantCulture, $"--no-below {no} is above --yes-above {yes}, so that one score would be both. Lower --no-below."));
    }
}
