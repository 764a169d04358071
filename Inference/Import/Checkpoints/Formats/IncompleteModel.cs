using System.Text.RegularExpressions;
using MobileVlm.Edge.Inference.Import.Checkpoints.Config;
using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Inference.Import.Checkpoints.Formats;

/// <summary>Folders and files that training and other programs write and that are not a whole model, named for what they are.</summary>
internal static partial class IncompleteModel
{
    private const string AdapterConfig = "adapter_config.json";
    private const string NonLoraWeights = "non_lora_trainables.bin";
    private const string ProjectorWeights = "mm_projector.bin";

    /// <summary>Part of the name of every weight of a LoRA adapter.</summary>
    private const string LoraMark = ".lora_";

    private const string ProjectorMark = "mm_projector.";

    private static readonly string[] AdapterWeights = ["adapter_model.bin", "adapter_model.safetensors"];

    /// <summary>Other programs' files, by how their names begin and end.</summary>
    private static readonly (string Start, string End, string Is)[] Others =
    [
        ("", ".fp16.bin", "weights under the name of a variant. Rename them to pytorch_model.bin, or download those without 'fp16'"),
        ("", ".fp16.safetensors", "weights under the name of a variant. Rename them to model.safetensors, or download those without 'fp16'"),
        ("consolidated.", ".pth", "weights in the form of the LLaMA release. Convert them with convert_llama_weights_to_hf.py of transformers"),
        ("", ".pth", "a PyTorch file of another program. Give the folder that transformers' save_pretrained wrote"),
        ("zero_to_fp32.py", "", "the state of a DeepSpeed training. Run 'python zero_to_fp32.py . pytorch_model.bin' in the folder"),
        ("tf_model", ".h5", "weights for TensorFlow. Download those for PyTorch"),
        ("flax_model", ".msgpack", "weights for Flax. Download those for PyTorch"),
        ("openvino_", ".xml", "a model for OpenVINO. Download the original weights"),
        ("", ".onnx", "an ONNX model of another program. Download the original weights"),
    ];

    /// <summary>Refuses a folder that is a LoRA adapter, or that also holds one.</summary>
    /// <param name="folder">The checkpoint.</param>
    /// <param name="names">Its files.</param>
    /// <param name="weights">Entry of whole weights; null where there are none.</param>
    /// <exception cref="CheckpointException">It is one.</exception>
    public static void RefuseAdapter(CheckpointFolder folder, IReadOnlySet<string> names, string? weights)
    {
        var found = AdapterWeights.Append(AdapterConfig).Append(NonLoraWeights).FirstOrDefault(names.Contains);
        if (found is null)
        {
            return;
        }

        var file = Path.Combine(folder.Path, found);
        throw weights is null
            ? Adapter(folder, file)
            : new CheckpointException(
                file,
                $"is part of a LoRA adapter, and {weights} beside it holds whole weights. Whether they contain the adapter is written nowhere. "
                + "If they do, remove the adapter's files; if not, merge it with mergelora.py first.");
    }

    /// <summary>Refuses a folder without weights that can be read.</summary>
    /// <param name="folder">The checkpoint.</param>
    /// <param name="names">Its files.</param>
    /// <returns>What it is, where that is known; null where it is not.</returns>
    public static CheckpointException? Explain(CheckpointFolder folder, IReadOnlySet<string> names)
    {
        if (names.Contains(ModelManifest.FileName) && names.Contains(ModelFolder.DecoderFile))
        {
            return new CheckpointException(folder.Path, $"is an imported model already. Use it: --model {folder.Path}");
        }

        if (names.Contains(ProjectorWeights))
        {
            return Projector(Path.Combine(folder.Path, ProjectorWeights));
        }

        foreach (var format in CheckpointFormats.All.OfType<HuggingFaceFormat>())
        {
            if (names.FirstOrDefault(format.IsShard) is { } shard)
            {
                return new CheckpointException(
                    Path.Combine(folder.Path, shard), $"is a part of the weights, but their list {format.IndexFile} is not there. Download it into the same folder.");
            }
        }

        foreach (var (start, end, what) in Others)
        {
            if (names.FirstOrDefault(name => name.StartsWith(start, StringComparison.Ordinal) && name.EndsWith(end, StringComparison.Ordinal)) is { } name)
            {
                return new CheckpointException(Path.Combine(folder.Path, name), $"is {what}.");
            }
        }

        return null;
    }

    /// <summary>Refuses weights that are not those of a whole model, by the names of the tensors.</summary>
    /// <param name="folder">The checkpoint.</param>
    /// <param name="file">The weights, or their index.</param>
    /// <param name="names">Names of all tensors.</param>
    /// <exception cref="CheckpointException">They are a LoRA adapter or a projector.</exception>
    public static void Refuse(CheckpointFolder folder, string file, IReadOnlyCollection<string> names)
    {
        if (names.Any(name => name.Contains(LoraMark, StringComparison.Ordinal)))
        {
            throw Adapter(folder, file);
        }

        if (names.Count > 0 && names.All(name => name.Contains(ProjectorMark, StringComparison.Ordinal)))
        {
            throw Projector(file);
        }
    }

    private static CheckpointException Adapter(CheckpointFolder folder, string file) => new(
        file,
        $"is an unmerged LoRA adapter of {Base(folder)}; merge it with mergelora.py first: python scripts/mergelora.py {Base(folder)} {folder.Path} MERGED, "
        + "and import MERGED.");

    private static CheckpointException Projector(string file) => new(
        file,
        "is a projector alone, the result of the first stage of training. Fine-tune a model with it (--pretrain_mm_mlp_adapter of train.py), "
        + "and import that model's folder.");

    /// <summary>The name or path of the adapter's base model, as training wrote it. Users copy it into a shell, so a name with characters
    /// that mean something there is left out.</summary>
    private static string Base(CheckpointFolder folder)
    {
        const string unknown = "BASE";
        try
        {
            return folder.FindFile(AdapterConfig) is { } path
                ? new ConfigFields(path, JsonFile.Read(path)).TextOrNull("base_model_name_or_path") is { } name && PlainPath().IsMatch(name) ? name : unknown
                : unknown;
        }
        catch (CheckpointException)
        {
            // What the folder is matters more than what its configuration lacks.
            return unknown;
        }
    }

    [GeneratedRegex(@"\A[A-Za-z0-9_./][A-Za-z0-9_./-]{0,199}\z", RegexOptions.CultureInvariant)]
    private static partial Regex PlainPath();
}
