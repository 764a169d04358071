using System.CommandLine;
using MobileVlm.Edge.Deploy.Cli;
using MobileVlm.Edge.Deploy.Commands.Models;
using MobileVlm.Edge.Inference.Evaluation.Benchmarks;

namespace MobileVlm.Edge.Deploy.Commands.Evaluation;

/// <summary>Arguments and options of <c>eval</c>.</summary>
internal sealed class EvalOptions
{
    public Argument<string> Name { get; } = new("NAME") { Description = $"The benchmark: {string.Join(", ", Benchmark.All.Select(it => it.Name))}." };

    public Option<string?> Data { get; } = new("--data") { Description = "Folder with the benchmark's data.", HelpName = "DIR" };

    public Option<string?> Model { get; } = new("--model") { Description = "Folder of an imported model ('mobilevlm model import' makes one).", HelpName = "DIR" };

    public Option<string?> Compare { get; } = new("--compare")
    {
        Description = "Folder of a second model: ask it the same items and report which answers change, to right and to wrong.",
        HelpName = "DIR",
    };

    public Option<int?> MaxTokens { get; } = new("--max-tokens")
    {
        Description = "Maximum tokens per answer. [default: that of the published evaluation, 128 or 1024]",
        HelpName = "N",
    };

    public Option<int?> Limit { get; } = new("--limit") { Description = "Ask a random sample of at most this many items. [default: all]", HelpName = "N" };

    public Option<int> Seed { get; } = new("--seed") { Description = "The same seed takes the same sample.", HelpName = "N" };

    public Option<string?> Answers { get; } = new("--answers")
    {
        Description = "Write answers to this file, one JSON document a line, and do not ask items again that it has.",
        HelpName = "FILE",
    };

    public Option<string?> CompareAnswers { get; } = new("--compare-answers") { Description = "The same for the second model.", HelpName = "FILE" };

    public Option<string?> Html { get; } = new("--html") { Description = "Also write the report as a page with plots.", HelpName = "FILE" };

    public Option<bool> WithoutOcr { get; } = new("--without-ocr")
    {
        Description = "textvqa: ask without the words that a text recogniser found. Published figures are with them.",
    };

    public Option<bool> Explain { get; } = new("--explain")
    {
        Description = "Show where to get the data, under what terms, and how the folder must look.",
        Arity = ArgumentArity.Zero,
    };

    public Option<bool> Json { get; } = new("--json") { Description = "Print one JSON document to stdout." };

    public TargetOptions Target { get; } = new();

    public void AddTo(Command command)
    {
        MaxTokens.Validators.Add(r => r.Require(r.GetValueOrDefault<int?>() is null or (>= 1 and <= 4096), "--max-tokens is 1 to 4096."));
        Limit.Validators.Add(r => r.Require(r.GetValueOrDefault<int?>() is null or >= 1, "--limit is 1 or more."));
        command.Arguments.Add(Name);
        foreach (var option in (Option[])[Data, Model, Compare, MaxTokens, Limit, Seed, Answers, CompareAnswers, Html, WithoutOcr, Explain, Json])
        {
            command.Options.Add(option);
        }

        Target.AddTo(command);
        command.RequireWith(Seed, Limit);
        command.RequireWith(CompareAnswers, Compare);
    }
}
