namespace MobileVlm.Edge.Inference.Evaluation.Benchmarks;

/// <summary>Where a benchmark's data comes from.</summary>
/// <param name="Get">Addresses, and which files of them, one a line.</param>
/// <param name="Terms">The publishers' terms as far as known, one a line.</param>
/// <param name="Layout">Files below the data folder with what they are, one a line.</param>
public sealed record BenchmarkSource(IReadOnlyList<string> Get, IReadOnlyList<string> Terms, IReadOnlyList<string> Layout);
