using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using MobileVlm.Edge.Deploy.Cli;
using MobileVlm.Edge.Inference.Import.Synthesis;

namespace MobileVlm.Edge.Deploy.Commands.Models;

/// <summary><c>mobilevlm model synth</c>: a checkpoint of random numbers of a published model's exact size, to measure
/// an import or a machine before anything is downloaded.</summary>
internal static class SynthCommand
{
    public static Command Create()
    {
        var like = new Argument<string>("LIKE")
        {
            Description = $"Published model to imitate: {string.Join(", ", CheckpointSynthesizer.Models.Where(m => !m.EndsWith("-tiny", StringComparison.Ordinal)))}; "
                + "with '-tiny' appended, the same tensors made small.",
            HelpName = "LIKE",
        };
        like.AcceptOnlyFromAmong([.. CheckpointSynthesizer.Models]);
        var target = new Argument<string>("DIR") { Description = "Folder to make; it must not exist or be empty." };
        var seed = new Option<long>("--seed") { Description = "The same seed gives the same bytes.", HelpName = "N" };
        var shard = new Option<long>("--shard-size")
        {
            Description = "Most bytes of weights in one file.",
            HelpName = "BYTES",
            DefaultValueFactory = _ => SynthesisOptions.DefaultShardBytes,
        };
        shard.Validators.Add(r =>
        {
            if (r.GetValueOrDefault<long>() < 1)
            {
                r.AddError("--shard-size is at least 1.");
            }
        });
        var format = new Option<string>("--format")
        {
            Description = "bin (PyTorch's) or safetensors.",
            HelpName = "F",
            DefaultValueFactory = _ => SynthesisOptions.DefaultFormat,
        };
        format.AcceptOnlyFromAmong([.. CheckpointSynthesizer.Formats]);
        var outliers = new Option<bool>("--outliers")
        {
            Description = "Make a few channels of each norm sixty times as large, as trained models have them.",
        };
        var command = new Command(
            "synth", "Make a checkpoint of random numbers with the names, shapes and types of a published model.")
        {
            like, target, seed, shard, format, outliers,
        };
        command.SetAction((parsed, cancel) => Task.Factory.StartNew(
            () => Run(
                parsed.GetRequiredValue(like),
                parsed.GetRequiredValue(target),
                new SynthesisOptions(
                    parsed.GetValue(seed),
                    parsed.GetValue(shard),
                    parsed.GetRequiredValue(format),
                    parsed.GetValue(outliers)),
                cancel),
            cancel, TaskCreationOptions.LongRunning, TaskScheduler.Default));
        return command;
    }

    private static int Run(string like, string target, SynthesisOptions options, CancellationToken cancel)
    {
        var started = Stopwatch.GetTimestamp();
        var bytes = ByteProgress.Show("Writing", report => CheckpointSynthesizer.Make(
            like, target, options, new ImmediateProgress<SynthesisProgress>(p => report(p.BytesDone, p.BytesTotal)), cancel));
        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        Terminal.Info(string.Create(
            CultureInfo.InvariantCulture,
            $"Wrote random weights like {like} into {target} ({bytes / 1048576.0:0.0} MiB in {seconds:0.0} s). Its answers mean nothing."));
        Terminal.Info($"Try it: mobilevlm model import {target} MODEL");
        return ExitCode.Done;
    }
}
