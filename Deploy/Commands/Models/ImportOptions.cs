using System.CommandLine;
using MobileVlm.Edge.Connectors.Images;
using MobileVlm.Edge.Deploy.Cli;
using MobileVlm.Edge.Deploy.Pull;
using MobileVlm.Edge.Inference.Evaluation;
using MobileVlm.Edge.Inference.Import.Precision;

namespace MobileVlm.Edge.Deploy.Commands.Models;

/// <summary>Options that <c>model import</c> and <c>model pull</c> share: in what precision, chosen and measured how.</summary>
internal sealed class ImportOptions
{
    /// <summary>Largest number of calibration pictures: more hardly change a scale, and each takes seconds.</summary>
    private const int MostPictures = 16;

    private readonly Option<string> _target = new("--for")
    {
        Description = "Target: cpu, or cuda for an NVIDIA GPU (float16, the only type for which a GPU has all kernels).",
        HelpName = "BOX",
        DefaultValueFactory = _ => "cpu",
    };

    private readonly Option<string?> _precision = new("--precision")
    {
        Description = $"Of the decoder: {DecoderRecipe.Grammar}; auto takes the smallest that loses little enough. [default: {DecoderRecipe.Default.Name}; for cuda fp16]",
        HelpName = "P",
    };

    private readonly Option<string?> _vision = new("--vision-precision")
    {
        Description = $"Of the vision encoder: {VisionRecipe.Grammar}; auto. [default: that of the decoder if it is a float or auto, else int8; for cuda fp16]",
        HelpName = "P",
    };

    private readonly Option<string> _prefill = new("--prefill")
    {
        Description = $"Also store prefill weights: pictures and prompts are processed faster, by half or more, for one more byte per decoder weight on disk and in memory (1.4 GB for 1.7B). {PrecisionPlan.PrefillGrammar}.",
        HelpName = "P",
        DefaultValueFactory = _ => "none",
    };

    private readonly Option<string?> _calibrate = new("--calibrate")
    {
        Description = "Folder of pictures like those that the model will get; without it, drawn ones are used. Weights are quantized for them, and the loss is measured on them.",
        HelpName = "FOLDER",
    };

    private readonly Option<bool> _withoutReport = new("--no-loss-report")
    {
        Description = "Do not measure what the precision costs, and do not quantize for pictures: faster.",
    };

    private readonly Option<bool> _force = new("--force")
    {
        Description = "Import again and replace the model folder that is there, at the end and in one step.",
    };

    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[_target, _precision, _vision, _prefill, _calibrate, _withoutReport, _force])
        {
            command.Options.Add(option);
        }
    }

    /// <exception cref="UsageException">They do not fit together, or name what is not there.</exception>
    public ImportChoice Read(ParseResult parsed)
    {
        var cuda = parsed.GetRequiredValue(_target).ToLowerInvariant() switch
        {
            "cpu" => false,
            "cuda" => true,
            var other => throw new UsageException($"--for is cpu or cuda, not '{other}'."),
        };
        var name = parsed.GetValue(_precision) ?? (cuda ? "fp16" : DecoderRecipe.Default.Name);
        var plan = Plan(name, parsed.GetValue(_vision), parsed.GetRequiredValue(_prefill), cuda);
        return new ImportChoice(
            plan, Calibration(plan, parsed.GetValue(_calibrate), parsed.GetValue(_withoutReport)), parsed.GetValue(_force));
    }

    private static PrecisionPlan Plan(string decoder, string? vision, string prefill, bool cuda)
    {
        try
        {
            return cuda
                ? PrecisionPlan.Parse(decoder, vision ?? "fp16").WithPrefill(prefill).OnCuda()
                : PrecisionPlan.Parse(decoder, vision).WithPrefill(prefill);
        }
        catch (FormatException e)
        {
            throw new UsageException(e.Message);
        }
    }

    /// <returns>Null where nothing is to be measured.</returns>
    private static CalibrationSet? Calibration(PrecisionPlan plan, string? folder, bool withoutReport)
    {
        if (withoutReport)
        {
            return plan.NeedsMeasuring ? throw new UsageException("--precision auto chooses by measuring: leave out --no-loss-report.")
                : folder is not null ? throw new UsageException("--calibrate is for measuring: leave out --no-loss-report.")
                : null;
        }

        if (folder is null)
        {
            return CalibrationSet.Bundled;
        }

        if (!Directory.Exists(folder))
        {
            throw new UsageException($"--calibrate: there is no folder {folder}.");
        }

        var files = Directory.EnumerateFiles(folder)
            .Where(f => ImageCodec.Extensions.Contains(Path.GetExtension(f), StringComparer.OrdinalIgnoreCase))
            .Order(StringComparer.Ordinal).Take(MostPictures).ToList();
        return files.Count == 0
            ? throw new UsageException($"--calibrate: the folder {folder} contains no picture. Name one with pictures of these kinds: {string.Join(", ", ImageCodec.Extensions)}.")
            : CalibrationSet.OfPictures([.. files.Select(file => ImageCodec.Read(file))
                .Select(p => new CalibrationPicture(p.Pixels, p.Width, p.Height))]);
    }
}
