using System.CommandLine;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Connectors.Mqtt.AdHoc;
using MobileVlm.Edge.Deploy.Cli;
using MobileVlm.Edge.Deploy.Commands.Models;
using MobileVlm.Edge.Inference.Answers;

namespace MobileVlm.Edge.Deploy.Commands.Teaching;

/// <summary>The options of <c>teach</c>.</summary>
internal sealed class TeachOptions
{
    private readonly Option<string> _ask = new("--ask")
    {
        Description = "The question, worded as it will be asked.",
        HelpName = "TEXT",
        Required = true,
    };

    private readonly Option<string?> _yes = new("--yes") { Description = "Folder of pictures whose answer is yes.", HelpName = "FOLDER" };
    private readonly Option<string?> _no = new("--no") { Description = "Folder of pictures whose answer is no.", HelpName = "FOLDER" };
    private readonly Option<string[]> _label = new("--label")
    {
        Description = "Instead of --yes and --no: a choice and its folder; once for each choice.",
        HelpName = "NAME=FOLDER",
    };

    private readonly Option<string?> _testYes = new("--test-yes") { Description = "Further pictures whose answer is yes, to measure the result.", HelpName = "FOLDER" };
    private readonly Option<string?> _testNo = new("--test-no") { Description = "Further pictures whose answer is no.", HelpName = "FOLDER" };
    private readonly Option<string[]> _testLabel = new("--test-label") { Description = "The same for a choice.", HelpName = "NAME=FOLDER" };
    private readonly Option<string?> _region = new("--region")
    {
        Description = "Part of the pictures that the question is about: \"0,0.5 1,0.5 1,1 0,1\".",
        HelpName = "POLYGON",
    };

    private readonly Option<string[]> _mask = new("--mask")
    {
        Description = "Part that is painted over; once for each, as the question in the service has it.",
        HelpName = "POLYGON",
    };

    private readonly Option<string?> _suffix = new("--suffix")
    {
        Description = "Text on its own line after the question; \"\" for none. [default: that of the model]",
        HelpName = "TEXT",
    };

    public Option<string> Model { get; } = new("--model")
    {
        Description = "Folder of an imported model ('mobilevlm model import' makes one).",
        HelpName = "DIR",
        Required = true,
    };

    public Option<string?> Out { get; } = new("--out") { Description = "File that the result is written to.", HelpName = "FILE" };

    public Option<bool> Json { get; } = new("--json") { Description = "Print one JSON document to stdout." };

    public TargetOptions Target { get; } = new();

    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[Model, _ask, _yes, _no, _label, _testYes, _testNo, _testLabel, _region, _mask, _suffix, Out, Json])
        {
            command.Options.Add(option);
        }

        Target.AddTo(command);
    }

    /// <summary>The labelled folders.</summary>
    /// <exception cref="UsageException">They are missing or contradict each other.</exception>
    public IReadOnlyList<LabelledFolder> Labels(ParseResult parsed)
    {
        var choices = parsed.GetValue(_label) ?? [];
        if (choices.Length == 0)
        {
            return parsed.GetValue(_yes) is { } yes && parsed.GetValue(_no) is { } no
                ? YesNo("--yes", yes, "--no", no)
                : throw new UsageException("Give a folder for each answer: --yes FOLDER --no FOLDER, or --label NAME=FOLDER for each choice.");
        }

        if (parsed.GetValue(_yes) is not null || parsed.GetValue(_no) is not null)
        {
            throw new UsageException("--label cannot be combined with --yes and --no. Use one or the other.");
        }

        var folders = choices.Select((choice, i) => Choice("--label", choice, _ => i)).ToList();
        return folders.Count >= 2 && folders.DistinctBy(folder => folder.Answer, StringComparer.OrdinalIgnoreCase).Count() == folders.Count
            ? folders
            : throw new UsageException("--label: a choice is between two or more different answers.");
    }

    /// <summary>The test folders; none without the options.</summary>
    /// <exception cref="UsageException">They are incomplete, or name an answer without labels.</exception>
    public IReadOnlyList<LabelledFolder> Tests(ParseResult parsed, IReadOnlyList<LabelledFolder> labels)
    {
        var (yes, no, choices) = (parsed.GetValue(_testYes), parsed.GetValue(_testNo), parsed.GetValue(_testLabel) ?? []);
        if (yes is null && no is null)
        {
            return [.. choices.Select(choice => Choice("--test-label", choice, name => labels.FirstOrDefault(it => it.Answer == name)?.Class
                ?? throw new UsageException($"--test-label: '{name}' is not one of the labels.")))];
        }

        return yes is not null && no is not null && choices.Length == 0 && labels[0].Answer == AnswerWords.No
            ? YesNo("--test-yes", yes, "--test-no", no)
            : throw new UsageException("--test-yes and --test-no go together, and with --yes and --no. For choices use --test-label.");
    }

    /// <summary>The region; null for whole pictures.</summary>
    /// <exception cref="UsageException">It is not a polygon.</exception>
    public FrameRegion? RegionOf(ParseResult parsed)
    {
        var masks = parsed.GetValue(_mask) ?? [];
        return parsed.GetValue(_region) is var text && text is null && masks.Length == 0
            ? null
            : new FrameRegion(text is null ? null : Polygon("--region", text), [.. masks.Select(mask => Polygon("--mask", mask))]);
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

    /// <summary>The question without features.</summary>
    /// <exception cref="UsageException">It has no visible character.</exception>
    public Question QuestionOf(ParseResult parsed, IReadOnlyList<LabelledFolder> labels)
    {
        var text = parsed.GetRequiredValue(_ask);
        if (!QuestionText.HasText(text))
        {
            throw new UsageException("--ask: the question is empty. Write it as for a person, in quotes: \"Is there a person?\"");
        }

        var question = parsed.GetValue(_label) is { Length: > 0 }
            ? new Question(text, AnswerKind.Choice) { Choices = [.. labels.Select(label => label.Answer)] }
            : new Question(text, AnswerKind.YesNo);
        return question with { Suffix = parsed.GetValue(_suffix), MinMass = 0 };
    }

    private static LabelledFolder[] YesNo(string yesOption, string yes, string noOption, string no) =>
    [
        LabelledFolder.Open(noOption, no, AnswerWords.No, 0),
        LabelledFolder.Open(yesOption, yes, AnswerWords.Yes, 1),
    ];

    private static LabelledFolder Choice(string option, string text, Func<string, int> toClass) => text.Split('=', 2) is [{ Length: > 0 } name, { Length: > 0 } folder]
        ? LabelledFolder.Open(option, folder, name.Trim(), toClass(name.Trim()))
        : throw new UsageException($"{option}: '{text}' is not NAME=FOLDER.");
}
