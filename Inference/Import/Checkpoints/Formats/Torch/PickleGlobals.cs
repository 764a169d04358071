using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Inference.Import.Checkpoints.Formats.Torch;

/// <summary>The only names that a pickle may mention. Each means a value of this project, so that even a mistake
/// in the unpickler cannot reach anything that runs.</summary>
internal static class PickleGlobals
{
    private static readonly Dictionary<(string Module, string Name), object> Allowed = new()
    {
        [("collections", "OrderedDict")] = PickledCallable.OrderedDictionary,
        [("torch._utils", "_rebuild_tensor_v2")] = PickledCallable.RebuildTensor,
        [("torch._utils", "_rebuild_parameter")] = PickledCallable.RebuildParameter,
        [("torch", "FloatStorage")] = new PickledStorageType(ElementType.Float32, 4),
        [("torch", "HalfStorage")] = new PickledStorageType(ElementType.Float16, 2),
        [("torch", "BFloat16Storage")] = new PickledStorageType(ElementType.BFloat16, 2),
        [("torch", "DoubleStorage")] = new PickledStorageType(ElementType.Other, 8),
        [("torch", "LongStorage")] = new PickledStorageType(ElementType.Other, 8),
        [("torch", "IntStorage")] = new PickledStorageType(ElementType.Other, 4),
        [("torch", "ShortStorage")] = new PickledStorageType(ElementType.Other, 2),
        [("torch", "CharStorage")] = new PickledStorageType(ElementType.Other, 1),
        [("torch", "ByteStorage")] = new PickledStorageType(ElementType.Other, 1),
        [("torch", "BoolStorage")] = new PickledStorageType(ElementType.Other, 1),
    };

    /// <summary>Null for everything that weights do not need.</summary>
    public static object? Find(string module, string name) => Allowed.GetValueOrDefault((module, name));
}
