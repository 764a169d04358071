using System.CommandLine;
using MobileVlm.Edge.Deploy.Cli;
using MobileVlm.Edge.Inference.Sampling;
using MobileVlm.Edge.Inference.Sessions;

namespace MobileVlm.Edge.Deploy.Commands.Models;

/// <summary>Options that <c>ask</c> and <c>generate</c> share.</summary>
internal sealed class ModelOptions
{
    public Option<string> Model { get; } = new("--model")
    {
        Description = "Folder of an imported model ('mobilevlm model import' makes one).",
        HelpName = "DIR",
        Required = true,
    };

    public Option<int> MaxTokens { get; } = new("--max-tokens")
    {
        Description = "Maximum tokens per answer.",
        HelpName = "N",
        DefaultValueFactory = _ => 256,
    };

    public Option<bool> Json { get; } = new("--json")
    {
        Description = "Print one JSON document to stdout.",
    };

    public TargetOptions Target { get; } = new();

    public Option<float> Temperature { get; } = new("--temperature")
    {
        Description = "0 always takes the most likely token; above 0, tokens are sampled.",
        HelpName = "T",
    };

    public Option<float> TopP { get; } = new("--top-p")
    {
        Description = "With --temperature: sample from the most likely tokens that together have this probability.",
        HelpName = "P",
        DefaultValueFactory = _ => 0.95f,
    };

    public Option<int> Seed { get; } = new("--seed")
    {
        Description = "With --temperature: the same seed samples the same text.",
        HelpName = "N",
    };

    public void AddTo(Command command)
    {
        MaxTokens.Validators.Add(r => r.Require(r.GetValueOrDefault<int>() is >= 1 and <= 4096, "--max-tokens is 1 to 4096."));
        Temperature.Validators.Add(r => r.Require(r.GetValueOrDefault<float>() is >= 0 and <= 10, "--temperature is 0 to 10."));
        TopP.Validators.Add(r => r.Require(r.GetValueOrDefault<float>() is > 0 and <= 1, "--top-p is above 0 and at most 1."));
        foreach (var option in (Option[])[Model, MaxTokens, Json, Temperature, TopP, Seed])
        {
            command.Options.Add(option);
        }

        Target.AddTo(command);
        command.RequireWith(TopP, Temperature);
        command.RequireWith(Seed, Temperature);
    }

    public ExecutionSettings Execution(ParseResult parsed) => Target.Read(parsed);

    public Sampler Sampler(ParseResult parsed) => parsed.GetValue(Temperature) is > 0 and var temperature
        ? Inference.Sampling.Sampler.TopP(temperature, parsed.GetValue(TopP), parsed.GetValue(Seed))
        : Inference.Sampling.Sampler.Greedy;
}
