using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Deploy.Cli;
using MobileVlm.Edge.Deploy.Commands.Models;

namespace MobileVlm.Edge.Deploy.Commands.Scanning;

/// <summary>Arguments and options of <c>scan</c>.</summary>
internal sealed class ScanOptions
{
    /// <summary>The word that switches the scene gate off.</summary>
    private const string Off = "off";

    public Argument<string[]> Videos { get; } = new("VIDEO")
    {
        Description = "One or more video files.",
        Arity = ArgumentArity.OneOrMore,
    };

    public Option<string> Model { get; } = new("--model")
    {
        Description = "Folder of an imported model ('mobilevlm model import' makes one).",
        HelpName = "DIR",
        Required = true,
    };

    public Option<string[]> Ask { get; } = new("--ask") { Description = "A question; may be given several times.", HelpName = "TEXT", Required = true };

    public Option<string[]> Answer { get; } = new("--answer")
    {
        Description = "Kind of answer: YesNo, Choice, Number or Text. Once for all questions, or once for each in their order. [default: YesNo]",
        HelpName = "KIND",
    };

    public Option<string[]> Choices { get; } = new("--choices")
    {
        Description = "With Choice: the answers to choose from, separated by commas. Once for all such questions, or once for each.",
        HelpName = "A,B",
    };

    public Option<TimeSpan?> Every { get; } = new("--every")
    {
        Description = $"Time of the video between two samples: {DurationText.Accepted}. [default: 1s]",
        HelpName = "TIME",
    };

    public Option<TimeSpan?> From { get; } = new("--from") { Description = "Begin at this time of the video.", HelpName = "TIME" };

    public Option<TimeSpan?> To { get; } = new("--to") { Description = "End before this time of the video.", HelpName = "TIME" };

    public Option<double?> YesAbove { get; } = new("--yes-above") { Description = "Lowest score that is 'yes'. [default: 0.5]", HelpName = "P" };

    public Option<double?> NoBelow { get; } = new("--no-below")
    {
        Description = "Highest score that is 'no'; between both, the answer is 'unknown'. [default: 0.5]",
        HelpName = "P",
    };

    public Option<string?> Suffix { get; } = new("--suffix")
    {
        Description = "Text on its own line after each question; \"\" for none. [default: with YesNo and Choice that of the model]",
        HelpName = "TEXT",
    };

    public Option<double?> MinMass { get; } = new("--min-mass")
    {
        Description = "With YesNo and Choice: the answer is 'unknown' when the accepted words together have less probability than this. [default: that of the model]",
        HelpName = "P",
    };

    public Option<int> MaxTokens { get; } = new("--max-tokens")
    {
        Description = "With Text and Number: maximum tokens per answer.",
        HelpName = "N",
        DefaultValueFactory = _ => 128,
    };

    public Option<string?> Region { get; } = new("--region")
    {
        Description = "The part of the picture that is asked about: corners from 0,0 (top left) to 1,1, such as \"0,0.5 1,0.5 1,1 0,1\".",
        HelpName = "POLYGON",
    };

    public Option<string[]> Mask { get; } = new("--mask") { Description = "A part to paint over; may be given several times.", HelpName = "POLYGON" };

    public Option<string> Gate { get; } = new("--gate")
    {
        Description = "Reuse answers while no part of the picture differs by more than this, 0 to 255; 'off' asks about every sample.",
        HelpName = "LEVEL",
        DefaultValueFactory = _ => new SceneGateSettings().Threshold.ToString(CultureInfo.InvariantCulture),
    };

    public Option<bool> Json { get; } = new("--json") { Description = "Print one JSON document to stdout." };

    public Option<bool> Csv { get; } = new("--csv") { Description = "Print a table to stdout: a line for each sample and question." };

    public Option<string?> Html { get; } = new("--html") { Description = "Also write a report: one page with timelines and pictures of each change.", HelpName = "FILE" };

    public Option<string> Ffmpeg { get; } = new("--ffmpeg")
    {
        Description = "The program that decodes videos.",
        HelpName = "FILE",
        DefaultValueFactory = _ => "ffmpeg",
    };

    public TargetOptions Target { get; } = new();

    public void AddTo(Command command)
    {
        DurationText.ReadAs(Every, TimeSpan.FromMilliseconds(10), TimeSpan.FromDays(1));
        DurationText.ReadAs(From, TimeSpan.Zero, TimeSpan.FromDays(100));
        DurationText.ReadAs(To, TimeSpan.FromMilliseconds(1), TimeSpan.FromDays(100));
        MaxTokens.Validators.Add(r => Require(r, r.GetValueOrDefault<int>() is >= 1 and <= 4096, "--max-tokens is 1 to 4096."));
        foreach (var share in (Option<double?>[])[YesAbove, NoBelow, MinMass])
        {
            share.Validators.Add(r => Require(r, r.GetValueOrDefault<double?>() is null or (>= 0 and <= 1), $"{share.Name} is 0 to 1."));
        }

        Gate.Validators.Add(r => Require(r, TryReadGate(r.GetValueOrDefault<string>(), out _), "--gate is 0 to 255, or 'off'."));
        command.Arguments.Add(Videos);
        foreach (var option in (Option[])
            [Model, Ask, Answer, Choices, Every, From, To, YesAbove, NoBelow, Suffix, MinMass, MaxTokens, Region, Mask, Gate, Json, Csv, Html, Ffmpeg])
        {
            command.Options.Add(option);
        }

        Target.AddTo(command);
    }

    /// <summary>Settings of the scene gate; null where it is off.</summary>
    public SceneGateSettings? ReadGate(ParseResult parsed) => TryReadGate(parsed.GetValue(Gate), out var gate) ? gate : null;

    private static bool TryReadGate(string? text, out SceneGateSettings? gate)
    {
        gate = double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var level) && level is >= 0 and <= 255
            ? new SceneGateSettings { Threshold = level }
            : null;
        return gate is not null || Off.Equals(text, StringComparison.OrdinalIgnoreCase);
    }

    private static void Require(OptionResult result, bool isValid, string error)
    {
        if (!isValid)
        {
            result.AddError(error);
        }
    }
}
