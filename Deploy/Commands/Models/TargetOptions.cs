using System.CommandLine;
using MobileVlm.Edge.Deploy.Cli;
using MobileVlm.Edge.Inference.Sessions;

namespace MobileVlm.Edge.Deploy.Commands.Models;

/// <summary>The options of every command that opens a model: where it runs, and with how many threads.</summary>
internal sealed class TargetOptions
{
    private readonly Option<string> _target = new("--target")
    {
        Description = $"Where the model runs: {ExecutionTarget.Grammar}.",
        HelpName = "T",
        DefaultValueFactory = _ => "cpu",
    };

    private readonly Option<string?> _provider = new("--provider-library")
    {
        Description = "CUDA provider that ONNX Runtime loads as a plug-in. [default: what is built into it]",
        HelpName = "FILE",
    };

    private readonly Option<string?> _runtime = new("--runtime-library")
    {
        Description = "Another libonnxruntime.so, for example one built with CUDA. [default: the one that comes along]",
        HelpName = "FILE",
    };

    private readonly Option<bool> _noKleidiAi = new("--no-kleidiai")
    {
        Description = "On arm64, do not use Arm's KleidiAI kernels, to compare speed and answers.",
    };

    private readonly Option<int> _threads = new("--threads")
    {
        Description = "Number of compute threads; 0 uses one per processor.",
        HelpName = "N",
    };

    private static string? _printedReason;

    public void AddTo(Command command)
    {
        _threads.Validators.Add(r =>
        {
            if (r.GetValueOrDefault<int>() is not (>= 0 and <= 256))
            {
                r.AddError("--threads is 0 to 256.");
            }
        });
        _target.Validators.Add(r =>
        {
            if (!ExecutionTarget.TryParse(r.GetValueOrDefault<string>() ?? "", out _))
            {
                r.AddError($"--target is {ExecutionTarget.Grammar}.");
            }
        });
        foreach (var option in (Option[])[_target, _provider, _runtime, _noKleidiAi, _threads])
        {
            command.Options.Add(option);
        }
    }

    /// <summary>Reads the options, and loads the ONNX Runtime library that they name.</summary>
    /// <exception cref="ExecutionTargetException">The library cannot be used.</exception>
    public ExecutionSettings Read(ParseResult parsed)
    {
        OnnxRuntimeLibrary.Use(parsed.GetValue(_runtime));
        _ = ExecutionTarget.TryParse(parsed.GetRequiredValue(_target), out var target);
        return new ExecutionSettings(parsed.GetValue(_threads))
        {
            Target = target,
            UseKleidiAi = !parsed.GetValue(_noKleidiAi),
            ProviderLibrary = parsed.GetValue(_provider),

            // If anything other than the CPU is requested, the actual placement is printed.
            OnSessionOpened = target == ExecutionTarget.Cpu ? null : Print,
        };
    }

    /// <summary>Prints where a session runs. The reason for a fallback is printed only one time.</summary>
    public static void Print(SessionPlacement placement)
    {
        Terminal.Info($"{placement}");
        if (placement.Reason is { } reason && Interlocked.Exchange(ref _printedReason, reason) != reason)
        {
            Terminal.Info($"  auto uses the CPU: {reason}");
        }
    }
}
