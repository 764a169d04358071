namespace MobileVlm.Edge.Inference.Import.Checkpoints.Formats.Torch;

/// <summary>The top level of an unpickled checkpoint: names to tensors, nothing nested.</summary>
internal static class StateDictionary
{
    private const int MostTensors = 100_000;

    public static IReadOnlyList<(string Name, PickledTensor Tensor)> Read(CheckpointFile file, object? root)
    {
        if (root is not PickledDictionary dictionary)
        {
            throw file.Error("does not hold a dictionary of tensors. Save model.state_dict() with torch.save.");
        }

        var names = new HashSet<string>(StringComparer.Ordinal);
        var tensors = new List<(string, PickledTensor)>();
        foreach (var (key, value) in dictionary.Items)
        {
            // What else was saved beside the weights (for example a step count) is ignored.
            if (value is not PickledTensor tensor)
            {
                continue;
            }

            if (key is not string name || !names.Add(name) || names.Count > MostTensors)
            {
                throw file.Error(
                    $"has a tensor whose name '{key as string}' is not a text, was used before or is one too many "
                    + $"(more than {MostTensors}). Download it again.");
            }

            tensors.Add((name, tensor));
        }

        return tensors.Count > 0
            ? tensors
            : throw file.Error("holds no tensors at its top level. Save model.state_dict() itself with torch.save, "
                + "not a dictionary around it.");
    }
}
