using System.CommandLine;
using MobileVlm.Edge.Deploy.Cli;
using MobileVlm.Edge.Deploy.Pull;
using MobileVlm.Edge.Inference.Evaluation.Gates;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Sessions;
using MobileVlm.Edge.Inference.Verification;

namespace MobileVlm.Edge.Deploy.Commands.Models;

/// <summary><c>mobilevlm model verify</c>: are the files those of the import, and does this machine compute the same with them?</summary>
internal static class VerifyCommand
{
    public static Command Create()
    {
        var folder = new Argument<string>("DIR") { Description = "Model folder." };
        var loss = new Option<bool>("--loss")
        {
            Description = "Measure the loss of the precision again. Without it, it is measured only where processor, kernels or ONNX Runtime are not those of the import.",
        };
        var target = new TargetOptions();
        var command = new Command(
            "verify",
            "Check the SHA-256 of every file of a model folder, and run its self-test: results as recorded at import. On another processor than the import's, measure the loss again.")
        {
            folder, loss,
        };
        target.AddTo(command);
        command.SetAction((parsed, cancel) => Task.Run(
            () =>
            {
                var settings = target.Read(parsed);
                var model = ModelFolder.Open(parsed.GetRequiredValue(folder));
                model.Verify();
                var outcome = ModelSelfTest.Run(
                    model, settings with { OnSessionOpened = TargetOptions.Print }, SelfTestExtent.Whole, cancel);
                var files = $"{model.Manifest.Files.Count} files of '{model.Manifest.Name}' match ({ModelCommand.Size(model)})";
                Terminal.Info(outcome is null
                    ? $"OK: {files}. Not tested: {SelfTestText.Describe(outcome)}."
                    : $"OK: {files}, self-test passed ({SelfTestText.Describe(outcome)}).");
                return VerifyLoss(model, settings, parsed.GetValue(loss), cancel);
            },
            cancel));
        return command;
    }

    private static int VerifyLoss(ModelFolder model, ExecutionSettings settings, bool always, CancellationToken cancel)
    {
        var difference = LossVerification.Difference(model);
        if (difference is null && !always)
        {
            if (model.Manifest.Loss?.Machine is not null)
            {
                Terminal.Info("Loss: measured at import on this kind of processor with these kernels; --loss measures it again.");
            }

            return ExitCode.Done;
        }

        if (difference is not null)
        {
            Terminal.Info($"Loss: this is another machine than that of the import ({difference}), so it is measured again.");
        }

        if (LossVerification.Measure(model, settings, CalibrationPictures.Decode, cancel) is not { } comparison)
        {
            Terminal.Info(model.Manifest.Loss is { Gates: not null }
                ? "Loss: cannot be measured again, because it was measured on pictures that this program does not have. An import on this machine measures it."
                : "Loss: cannot be measured again, because the folder has no record of what it was measured against. An import with this version makes one.");
            return ExitCode.Done;
        }

        foreach (var (recorded, found) in comparison.Recorded.Zip(comparison.Found))
        {
            Terminal.Info(LossText.Compare(recorded, found));
        }

        if (comparison.Exceeded.Count == 0)
        {
            Terminal.Info(comparison.Found.All(gate => gate.Passed)
                ? "Loss: within the limits on this machine too."
                : "Loss: above the limits of 'auto', as at import.");
            return ExitCode.Done;
        }

        Terminal.Error($"On this machine the model loses more than 'auto' allows: {string.Join("; ", comparison.Exceeded.Select(LossLimits.Describe))}. "
            + "Import it again on this machine with --precision auto, or with more bits.");
        return ExitCode.Failed;
    }
}
