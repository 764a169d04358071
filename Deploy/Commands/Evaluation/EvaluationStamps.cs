using System.Security.Cryptography;
using System.Text;
using MobileVlm.Edge.Inference.Evaluation.Benchmarks;
using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Deploy.Commands.Evaluation;

/// <summary>Fingerprints of what an answer depends on.</summary>
internal static class EvaluationStamps
{
    /// <summary>Hexadecimal digits of a fingerprint.</summary>
    private const int Length = 16;

    /// <summary>Equal for models with the same files.</summary>
    public static string OfModel(ModelManifest manifest) =>
        Hash(manifest.Files.OrderBy(it => it.Path, StringComparer.Ordinal).SelectMany(it => new[] { it.Path, it.Sha256 }));

    /// <summary>Equal for the same questions with the same right answers.</summary>
    public static string OfData(BenchmarkData data) => Hash(data.Items.SelectMany(it => (string[])[it.Id, it.Question, .. it.Truth]));

    private static string Hash(IEnumerable<string> parts)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var part in parts)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(part));
            hash.AppendData([0]);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset())[..Length];
    }
}
