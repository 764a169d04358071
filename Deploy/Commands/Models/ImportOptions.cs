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

    private const string Variants = "Variants such as int4-b64-zp-mixed: precision.md of the documentation.";

    private readonly Option<string> _target = new("--for")
    {
        Description = "Target device: cpu, or cuda for an NVIDIA GPU (float16).",
        HelpName = "BOX",
        DefaultValueFactory = _ => "cpu",
    };

    private readonly Option<bool> _lean = new("--lean")
    {
        Description = $"Little memory instead of speed: the decoder in {DecoderRecipe.Lean.Name}, no prefill weights.",
    };

    private readonly Option<string?> _precision = new("--precision")
    {
        Description = $"Decoder weights: fp32, fp16, int8, int4, w8a8, or auto (the smallest that loses little enough). {Variants} [default: {DecoderRecipe.Default.Name}; for cuda fp16]",
        HelpName = "P",
    };

    private readonly Option<string?> _vision = new("--vision-precision")
    {
        Description = $"Vision encoder weights: fp32, fp16, int8, int4, w8a8, or auto. {Variants} [default: that of the decoder if it is a float or auto, else the 8-bit rows that this processor multiplies fastest; for cuda fp16]",
        HelpName = "P",
    };

    private readonly Option<string?> _prefill = new("--prefill")
    {
        Description = $"Also store decoder weights for prefill: faster pictures and prompts, for one more byte per decoder weight on disk and in memory (1.4 GB for 1.7B). auto, w8a8, w8a7 or none. [default: auto without --precision, else none]",
        HelpName = "P",
    };

    private readonly Option<string?> _calibrate = new("--calibrate")
    {
        Description = "Folder of pictures like those that the model will get; without it, 18 photographs of this program. Weights are quantized for every second one, and the loss is measured on the others.",
        HelpName = "FOLDER",
    };

    private readonly Option<bool> _withoutReport = new("--no-loss-report")
    {
        Description = "Do not measure the loss, and quantize without pictures: faster, and costs accuracy.",
    };

    private readonly Option<bool> _force = new("--force")
    {
        Description = "Import again and replace the model folder that is there, at the end and in one step.",
    };

    /// <summary>All of them.</summary>
    public IReadOnlyList<Option> All => [_target, _lean, _precision, _vision, _prefill, _calibrate, _withoutReport, _force];

    public void AddTo(Command command)
    {
        foreach (var option in All)
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
        var plan = Plan(parsed.GetValue(_precision), parsed.GetValue(_vision), parsed.GetValue(_prefill), parsed.GetValue(_lean), cuda);
        return new ImportChoice(
            plan, Calibration(plan, parsed.GetValue(_calibrate), parsed.GetValue(_withoutReport)), parsed.GetValue(_force));
    }

    private static PrecisionPlan Plan(string? decoder, string? vision, string? prefill, bool lean, bool cuda)
    {
        if (lean && (decoder ?? vision ?? prefill) is not null)
        {
            throw new UsageException("--lean names every part's precision: leave out --precision, --vision-precision and --prefill.");
        }

        if (lean && cuda)
        {
            throw new UsageException("--lean is for the CPU: on a GPU '--precision int4' takes the least memory.");
        }

        try
        {
            if (cuda)
            {
                return PrecisionPlan.Parse(decoder ?? "fp16", vision ?? "fp16").WithPrefill(prefill ?? "none").OnCuda();
            }

            return lean ? PrecisionPlan.Lean
                : PrecisionPlan.Parse(decoder ?? DecoderRecipe.Default.Name, vision)
                    .WithPrefill(prefill ?? (decoder is null ? PrecisionPlan.Auto : "none")) with
                {
                    KeepsStoredDecoder = decoder is null,
                    KeepsStoredVision = decoder is null && vision is null,
                };
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
            return CalibrationSet.Bundled(CalibrationPictures.Decode);
        }

        if (!Directory.Exists(folder))
        {
            throw new UsageException($"--calibrate: the folder '{folder}' does not exist. Check the spelling.");
        }

        var files = Directory.EnumerateFiles(folder)
            .Where(f => ImageCodec.Extensions.Contains(Path.GetExtension(f), StringComparer.OrdinalIgnoreCase))
            .Order(StringComparer.Ordinal).Take(MostPictures).ToList();
        return files.Count == 0
            ? throw new UsageException($"--calibrate: the folder {folder} contains no picture. Name one with pictures of these kinds: {string.Join(", ", ImageCodec.Extensions)}.")
            : CalibrationSet.OfPictures([.. files.Select(CalibrationPictures.Read)], CalibrationPictures.Decode);
    }
}
