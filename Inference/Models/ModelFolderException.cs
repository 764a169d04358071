namespace MobileVlm.Edge.Inference.Models;

/// <summary>A model folder cannot be used: it is missing, incomplete, altered, or of another version. The message
/// says what to do.</summary>
public sealed class ModelFolderException : Exception
{
    public ModelFolderException(string modelPath, string message, Exception? inner = null)
        : base($"Model folder '{modelPath}': {message}", inner) => ModelPath = modelPath;

    public string ModelPath { get; }
}
