namespace MobileVlm.Edge.Inference.Evaluation.Benchmarks;

/// <summary>A benchmark's data is missing, damaged, or cannot be used with a model. The message names the file or item, and the
/// remedy.</summary>
public sealed class BenchmarkDataException(string message, Exception? inner = null) : Exception(message, inner);
